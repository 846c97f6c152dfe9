import assert from 'node:assert/strict'
import { once } from 'node:events'
import { accept, confirmOf, framesIn } from './frames.ts'
import { startOurNode } from './our-node.ts'
import { alert, established, expectRule, refusal, startClient } from './s-client.ts'
import type { Case } from '../row.ts'
import type { Member, MemberKind, Members } from './members.ts'
import type { ClientInit } from './s-client.ts'
import type { RefusalRule } from '@fisco-libp2p/tls'

const PAIR = 'openssl s_client -> ours'

/**
 * `openssl s_client` as dialler: with good certificates, bad ones, none, and with the wrong protocol.
 */
export function clientCases (members: Members): Case[] {
  const { keyType, tls } = members
  const one = (name: string, run: Case['run']): Case => ({ pair: PAIR, case: `${keyType}: ${name}`, run })

  const refusals: Array<[string, RefusalRule, ClientInit]> = [
    ['without a certificate', 'no-certificate', {}],
    ['a certificate of another CA', 'untrusted-issuer', { member: members.of('stranger') }],
    ['a certificate without its agency\'s', 'untrusted-issuer', { member: members.of('member'), withoutAgency: true }],
    ['an expired certificate', 'expired', { member: members.of('expired') }],
    ['a certificate that is not yet valid', 'not-yet-valid', { member: members.of('not yet valid') }]
  ]

  return [
    one(`a member, and the whole confirm exchange by hand, over ${tls}`, async () => wholeExchange(members)),
    one('without ALPN, as a node of FISCO BCOS 2.x', async () => withoutAlpn(members)),
    one('ALPN of others (h2)', async () => foreignAlpn(members)),
    ...refusals.map(([name, rule, init]) => one(name, async () => refused(members, rule, init))),
    one('a revoked certificate', async () => revoked(members)),
    ...tls === 'TLSv1.3'
      ? [
          one('a member that holds itself to TLS 1.2', async () => refused(members, 'tls-downgrade', { member: members.of('member'), args: ['-tls1_2', '-ign_eof'] })),
          one('key update in TLS 1.3, then the whole exchange', async () => wholeExchange(members, true))
        ]
      : []
  ]
}

/**
 * openssl carries what a node of ours would say, and our node takes it for one.
 */
async function wholeExchange (members: Members, updateKeys = false): Promise<string> {
  const ours = members.ours()
  await using node = await startOurNode(ours)
  const member = members.of('member')
  const { identity } = member
  assert(identity != null)
  const opened = once(node.node, 'connection:open')
  // without -ign_eof, single letters are commands
  await using client = startClient(node.port, { member, args: updateKeys ? [] : ['-ign_eof'] })

  const seen = await established(client)
  assert.equal(seen.version, members.tls)
  await client.untilPrinted(/ALPN protocol: fisco-libp2p\/yamux\/1\.0\.0/)
  await client.untilPrinted(/Verify return code: 0 \(ok\)/)
  await client.untilPrinted(/subject=CN ?= ?ours/)
  const confirm = await client.until('our confirm', ({ stdout }) => framesIn(stdout).find(({ type }) => type === 'confirm'))
  assert(confirm.type === 'confirm' && Buffer.compare(confirm.confirm.networkId, identity.networkId) === 0 && ours.chain[0].der.every((byte, i) => confirm.confirm.chain[0][i] === byte))

  if (updateKeys) {
    client.write('K\n')
    await client.untilPrinted(/KEYUPDATE/)
  }

  client.write(confirmOf(identity))
  await client.until('our accept', ({ stdout }) => framesIn(stdout).find(({ type }) => type === 'accept'))
  client.write(accept())
  const [{ detail }] = await opened
  assert(detail.remotePeer.equals(identity.peerId))

  return `${seen.text}, verify 0 (ok), ours: connection:open`
}

async function withoutAlpn (members: Members): Promise<string> {
  await using node = await startOurNode(members.ours())
  await using client = startClient(node.port, { member: members.of('member'), alpn: false })
  const seen = await established(client)
  await client.untilPrinted(/No ALPN negotiated/)
  // a connection that is cut would be an "unexpected eof"
  await client.untilPrinted(/^closed$/m)
  await client.ended()

  assert.deepEqual(framesIn(client.stdout), [], 'something was sent')

  return `${seen.text}, closed without a byte; ${await expectRule(node, 'no-alpn')}`
}

async function foreignAlpn (members: Members): Promise<string> {
  await using node = await startOurNode(members.ours())
  await using client = startClient(node.port, { member: members.of('member'), alpn: 'h2' })
  const heard = await alert(client)
  assert.match(heard, /120/)

  return `openssl: ${heard}; ${await expectRule(node, 'tls-failure')}`
}

/**
 * TLS comes about, openssl hears the rule, and the connection ends.
 */
async function refused (members: Members, rule: RefusalRule, init: ClientInit): Promise<string> {
  await using node = await startOurNode(members.ours())
  await using client = startClient(node.port, init)
  const seen = await established(client)

  assert.equal(await refusal(client), rule)
  await client.ended()
  assert.equal(node.node.getConnections().length, 0)

  return `${seen.text}, openssl got refusal ${rule}; ${await expectRule(node, rule)}`
}

/**
 * What is revoked is judged when the peer has confirmed its chain: openssl confirms.
 */
async function revoked (members: Members): Promise<string> {
  const outcomes: string[] = []

  for (const kind of ['revoked', 'member'] satisfies MemberKind[]) {
    outcomes.push(await underCrl(members, members.of(kind)))
  }

  assert.deepEqual(outcomes, ['revoked', 'accept'])

  return 'openssl got refusal revoked; another node of the same agency was accepted'
}

async function underCrl (members: Members, member: Member): Promise<string> {
  const ours = members.ours()
  ours.trust.update({ crls: [{ crl: members.crl, name: 'agency.crl' }] })
  await using node = await startOurNode(ours)
  await using client = startClient(node.port, { member })
  await established(client)
  assert(member.identity != null)
  client.write(confirmOf(member.identity))
  const answer = await client.until('our answer', ({ stdout }) => framesIn(stdout).find(({ type }) => type !== 'confirm'))

  if (answer.type !== 'refusal') {
    return answer.type
  }

  await expectRule(node, answer.rule)

  return answer.rule
}
