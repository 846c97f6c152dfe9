import { randomBytes } from 'node:crypto'
import { MAX_NOTICES } from '@fisco-libp2p/access'
import { MAX_CRL_BYTES } from '@fisco-libp2p/identity'
import { HOSTILE_EXTENSIONS, hostileCrl } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { Attacker, cast, crlOf, CrlNetwork, hashOf, hasHeard, heldBy, keyHashOf, until } from './helpers/crl-network.ts'
import type { Cast, Told } from './helpers/crl-network.ts'
import type { FiscoNode } from '@fisco-libp2p/node'
import type { HostileCrlParts } from '@fisco-libp2p/test-kit'

const MINUTE = 60_000
const NOW = Math.floor(Date.now() / 1000) * 1000
const EARLIER = NOW - MINUTE
const { delta, distributionPoint, certificateIssuer, unknown } = HOSTILE_EXTENSIONS

/**
 * What an attacker does, and what comes of it besides nothing.
 */
interface Row {
  what: string

  /**
   * What it tells of, one status after the other; or raw entries.
   */
  tells (cast: Cast): Array<Told[] | Uint8Array>

  /**
   * How often each of the others asks it for something that it told of.
   */
  asks: number

  /**
   * It is true, and so the others hold it in the end.
   */
  isTrue?: boolean

  /**
   * All hold the agency's CRL number 5 before.
   */
  isHeld?: boolean

  /**
   * Its CA says that it is revoked.
   */
  isCut?: boolean
}

/**
 * A CRL with the key of the attacker's agency, as if that one were hostile, or had made a mistake: it revokes everybody.
 */
function ofAgency (parts: HostileCrlParts, told: Partial<Told> = {}): Row['tells'] {
  return ({ one, honest, attacker, bystander }) => [[{
    der: hostileCrl(one, { revoked: [honest, attacker, bystander].map(({ serial }) => serial), number: 9n, thisUpdate: new Date(EARLIER), ...parts }),
    issuer: keyHashOf(one),
    number: 9n,
    thisUpdate: EARLIER,
    ...told
  }]]
}

/**
 * One that the key of somebody else has signed.
 */
function forged ({ one, two, honest }: Cast, i = 0): Told {
  return { der: hostileCrl(two, { as: one, revoked: [honest.serial], number: BigInt(100 + i), thisUpdate: new Date(EARLIER) }), issuer: keyHashOf(one), number: BigInt(100 + i), thisUpdate: EARLIER }
}

function dated (minutesAgo: number): Date {
  return new Date(NOW - minutesAgo * MINUTE)
}

const rows: Row[] = [
  {
    what: 'an old CRL of its agency, told as what it is',
    isHeld: true,
    asks: 0,
    tells: ({ one }) => [[{ der: crlOf(one, 3n, [], dated(30)), issuer: keyHashOf(one), number: 3n, thisUpdate: dated(30).getTime() }]]
  },
  {
    what: 'an old CRL of its agency, told as a new one',
    isHeld: true,
    asks: 1,
    tells: ({ one }) => [[{ der: crlOf(one, 3n, [], dated(30)), issuer: keyHashOf(one), number: 9n, thisUpdate: EARLIER }]]
  },
  {
    what: 'a CRL of its agency without a number, of before the one that is held',
    isHeld: true,
    asks: 1,
    tells: ofAgency({ number: null, thisUpdate: dated(30) }, { number: undefined, thisUpdate: NOW })
  },
  {
    what: 'many old ones of its agency, told as new ones one after the other',
    asks: 1,
    tells: ({ one }) => Array.from({ length: 4 }, (_, i) => [{ der: crlOf(one, BigInt(i + 1), [], dated(30 - i)), issuer: keyHashOf(one), number: BigInt(1000 + i), thisUpdate: EARLIER }])
  },
  {
    what: 'a CRL of an agency that names nodes of another one',
    asks: 1,
    isTrue: true,
    tells: ({ two, honest, attacker, one }) => [[{ der: crlOf(two, 9n, [honest, attacker, one], dated(1)), issuer: keyHashOf(two), number: 9n, thisUpdate: dated(1).getTime() }]]
  },
  { what: 'a CRL of another agency, told as its agency\'s', asks: 1, tells: ({ one, two, honest }) => [[{ der: crlOf(two, 9n, [honest], dated(1)), issuer: keyHashOf(one), number: 9n, thisUpdate: dated(1).getTime() }]] },
  { what: 'a CRL with its agency\'s name and another key', asks: 1, tells: all => [[forged(all)]] },
  {
    what: 'a CRL that its own key has signed',
    asks: 1,
    tells: ({ attacker, one, honest }) => [[{ der: hostileCrl({ ...one, key: attacker.key }, { revoked: [honest.serial], number: 9n, thisUpdate: new Date(EARLIER) }), issuer: keyHashOf(one), number: 9n, thisUpdate: EARLIER }]]
  },
  {
    what: 'a CRL under its own key, as if it were a CA',
    asks: 0,
    tells: ({ attacker, one, honest }) => [[{ der: hostileCrl({ ...one, key: attacker.key, der: attacker.der }, { revoked: [honest.serial] }), issuer: keyHashOf(attacker), number: 9n, thisUpdate: EARLIER }]]
  },
  { what: 'a CRL that is said to be too large', asks: 0, tells: ofAgency({}, { size: MAX_CRL_BYTES + 1 }) },
  { what: 'an answer of three megabytes', asks: 1, tells: ofAgency({ revoked: [] }, { answer: new Uint8Array(3 * 1024 * 1024) }) },
  { what: 'an answer that is another CRL', asks: 1, tells: all => ofAgency({ revoked: [] }, { answer: crlOf(all.one, 9n, [all.honest]) })(all) },
  { what: 'a thousand distinct ones', asks: 1, tells: all => Array.from({ length: 10 }, (_, batch) => Array.from({ length: MAX_NOTICES }, (_, i) => forged(all, batch * MAX_NOTICES + i))) },
  { what: 'another one all the time', asks: 1, tells: all => Array.from({ length: 50 }, (_, i) => [forged(all, i)]) },
  { what: 'a CRL of the future', asks: 0, tells: ofAgency({ thisUpdate: new Date(NOW + 2 * 60 * MINUTE) }, { thisUpdate: NOW + 2 * 60 * MINUTE }) },
  { what: 'a CRL of the future, told as one of today', asks: 1, tells: ofAgency({ thisUpdate: new Date(NOW + 2 * 60 * MINUTE) }) },
  // not said to be critical, so that they are not refused for that alone
  { what: 'a delta CRL of its agency', asks: 1, tells: ofAgency({ extensions: [{ id: delta }] }) },
  { what: 'an indirect CRL of its agency', asks: 1, tells: ofAgency({ extensions: [{ id: distributionPoint }] }) },
  { what: 'a CRL of its agency with entries of others', asks: 1, tells: ofAgency({ entryExtensions: [{ id: certificateIssuer }] }) },
  { what: 'a CRL of its agency with a critical extension that nobody knows', asks: 1, tells: ofAgency({ extensions: [{ id: unknown, critical: true }] }) },
  { what: 'a CRL of its agency with an extension twice', asks: 1, tells: ofAgency({ extensions: [{ id: unknown }, { id: unknown }] }) },
  { what: 'bytes that are no CRL', asks: 1, tells: ({ one }) => [[{ der: randomBytes(1000), issuer: keyHashOf(one), number: 9n, thisUpdate: EARLIER }]] },
  { what: 'a status entry that is none', asks: 0, tells: () => [randomBytes(500)] },
  {
    what: 'the true CRL of its agency that revokes it',
    asks: 1,
    isCut: true,
    tells: ({ one, attacker }) => [[{ der: crlOf(one, 9n, [attacker], dated(1)), issuer: keyHashOf(one), number: 9n, thisUpdate: dated(1).getTime() }]]
  }
]

describe('CRLs from a hostile node', function () {
  this.timeout(30_000)

  for (const { what, tells, asks, isTrue = false, isHeld = false, isCut = false } of rows) {
    it(`cut ${isCut ? 'itself alone' : 'nobody'}, and keep no honest CRL away: ${what}`, async () => {
      const all = await cast()
      await using network = new CrlNetwork()
      const bystander = await network.add(all.bystander, all.root)
      const honest = await network.add(all.honest, all.root)
      const attacker = await Attacker.of(await network.add(all.attacker, all.root))
      const others = [bystander, honest]

      if (isHeld) {
        const fifth = crlOf(all.one, 5n, [], dated(10))
        network.nodes.forEach(({ identity }) => { identity.trust.learn(fifth, keyHashOf(all.one)) })
      }

      const statuses = tells(all)
      const told = statuses.flatMap(status => status instanceof Uint8Array ? [] : status.map(({ der }) => hashOf(der)))
      const holdsIt = (node: FiscoNode): boolean => heldBy(node).some(hash => told.includes(hash))
      // a true one may have come from the other one
      const isDone = (node: FiscoNode): boolean => isTrue || isCut ? holdsIt(node) : attacker.asked.has(node.identity.nodeId) || holdsIt(node)

      for (const status of statuses) {
        const entry = status instanceof Uint8Array ? attacker.say(status) : attacker.tell(status)
        await until(() => others.every(node => hasHeard(node, attacker.nodeId, entry) || (isCut && holdsIt(node))))
      }

      await until(() => asks === 0 || others.every(isDone))

      // told of by the honest node, after what the attacker told
      const true10 = crlOf(all.one, 10n, [all.absent])
      honest.identity.trust.learn(true10, keyHashOf(all.one))
      await until(() => others.every(node => heldBy(node).includes(hashOf(true10))))
      await until(() => !isCut || others.every(node => network.cutBy([node]).has(attacker.nodeId)))

      expect([...network.cutBy(others)]).to.deep.equal(isCut ? [attacker.nodeId] : [])
      expectLinks(bystander, honest)

      for (const node of others) {
        expect(heldBy(node)).to.have.members([hashOf(true10), ...(isTrue ? told : [])])
        expect(revokedBy(node, all)).to.deep.equal(new Set([all.absent, ...(isCut ? [all.attacker] : [])].map(({ serial }) => serial.toLowerCase())))
        expect(attacker.asked.get(node.identity.nodeId) ?? []).to.have.lengthOf.at.most(asks)
      }
    })
  }
})

/**
 * Serial numbers of the agency's certificates that a node takes for revoked.
 */
function revokedBy ({ identity }: FiscoNode, { one }: Cast): ReadonlySet<string> | undefined {
  return identity.trust.crls.find(({ issuerKeyHash }) => issuerKeyHash === keyHashOf(one))?.serials
}

function expectLinks (one: FiscoNode, other: FiscoNode): void {
  for (const [node, peer] of [[one, other], [other, one]]) {
    expect(node.getConnections(peer.peerId).filter(({ status }) => status === 'open')).to.not.have.lengthOf(0)
  }
}
