import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { accept, confirmOf, framesIn } from './frames.ts'
import { startOurNode } from './our-node.ts'
import { expectRule, GROUPS, OUR_ALPN, refusal } from './s-client.ts'
import { Tool } from './tool.ts'
import type { Case } from '../row.ts'
import type { Member, Members } from './members.ts'
import type { OurNode } from './our-node.ts'
import type { RefusalRule } from '@fisco-libp2p/tls'

const PAIR = 'ours -> openssl s_server'

interface ServerInit {
  member: Member
  withoutAgency?: boolean
  args?: readonly string[]
}

/**
 * Our node dials `openssl s_server`, which asks for a certificate and knows nothing of what comes after TLS.
 */
export function serverCases (members: Members): Case[] {
  const one = (name: string, run: Case['run']): Case => ({ pair: PAIR, case: `${members.keyType}: ${name}`, run })
  const member = members.of('member')
  const refusals: Array<[string, RefusalRule, ServerInit]> = [
    ['a certificate of another CA', 'untrusted-issuer', { member: members.of('stranger') }],
    ['a certificate without its agency\'s', 'untrusted-issuer', { member, withoutAgency: true }],
    ['an expired certificate', 'expired', { member: members.of('expired') }],
    ['a certificate that is not yet valid', 'not-yet-valid', { member: members.of('not yet valid') }]
  ]

  return [
    one('TLS with both certificates, then words of another protocol', async () => mutualTls(members)),
    one('the whole confirm exchange by hand', async () => wholeExchange(members)),
    one('without ALPN, as a node of FISCO BCOS 2.x', async () => withoutAlpn(members)),
    one('ALPN of others (h2)', async () => refusedInTls({ member, args: ['-alpn', 'h2'] }, members, /no common ALPN/)),
    one('TLS 1.1 alone', async () => refusedInTls({ member, args: ['-alpn', OUR_ALPN, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'] }, members, /no TLS version(, cipher suite, group or signature algorithm that)? is common/)),
    one('TLS 1.2 with CBC alone', async () => refusedInTls({ member, args: ['-alpn', OUR_ALPN, '-tls1_2', '-cipher', 'AES+SHA1:@SECLEVEL=0'] }, members, /no TLS version, cipher suite/)),
    ...refusals.map(([name, rule, init]) => one(name, async () => refused(members, rule, init))),
    one('a revoked certificate', async () => revoked(members)),
    // the handshake's time is 10 s
    ...members.keyType === 'secp256k1' ? [one('TLS with both certificates, then silence', async () => silence(members))] : []
  ]
}

interface Server extends AsyncDisposable {
  tool: Tool
  port: number
}

async function startServer ({ member, withoutAgency = false, args = ['-alpn', OUR_ALPN] }: ServerInit): Promise<Server> {
  const tool = new Tool('openssl', [
    's_server', '-accept', '127.0.0.1:0', '-naccept', '1', '-Verify', '5', '-verify_return_error', '-groups', GROUPS,
    '-cert', member.leaf, '-key', member.key, '-CAfile', member.ca, ...withoutAgency ? [] : ['-cert_chain', member.above], ...args
  ])

  try {
    const [, port] = await tool.untilPrinted(/ACCEPT \S+:(\d+)/)

    return { tool, port: Number(port), [Symbol.asyncDispose]: async () => tool[Symbol.asyncDispose]() }
  } catch (err) {
    await tool[Symbol.asyncDispose]()

    throw err
  }
}

/**
 * @returns the error of the dial; 'connected' if there is none
 */
async function dial (ours: OurNode, { port }: Server): Promise<string> {
  return ours.node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/tls`)).then(() => 'connected', err => String(err.message))
}

/**
 * What openssl says of TLS that came about, with our certificate.
 */
async function mutual ({ tool }: Server, members: Members): Promise<string> {
  await tool.untilPrinted(/subject=CN ?= ?ours/)
  const [, cipher] = await tool.untilPrinted(/CIPHER is (\S+)/)
  await tool.untilPrinted(/ALPN protocols selected: fisco-libp2p\/yamux\/1\.0\.0/)
  // the suites of TLS 1.3 have names of their own
  const version = cipher.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2'
  assert.equal(version, members.tls)

  return `openssl: ${version} ${cipher}, client certificate of ours`
}

async function mutualTls (members: Members): Promise<string> {
  await using server = await startServer({ member: members.of('member') })
  await using node = await startOurNode(members.ours())
  const dialled = dial(node, server)
  const seen = await mutual(server, members)
  server.tool.write('welcome to another protocol\n')
  const error = await dialled
  assert.match(error, /malformed|frame of/)

  return `${seen}, refusal ${await refusal(server.tool)}; ${await expectRule(node, 'malformed')}: ${error}`
}

async function silence (members: Members): Promise<string> {
  await using server = await startServer({ member: members.of('member') })
  await using node = await startOurNode(members.ours())
  const dialled = dial(node, server)
  const seen = await mutual(server, members)
  const error = await dialled

  return `${seen}; ${await expectRule(node, 'timeout')}: ${error}`
}

async function wholeExchange (members: Members): Promise<string> {
  const member = members.of('member')
  assert(member.identity != null)
  await using server = await startServer({ member })
  await using node = await startOurNode(members.ours())
  const dialled = dial(node, server)
  const seen = await mutual(server, members)
  server.tool.write(confirmOf(member.identity))
  await server.tool.until('our accept', ({ stdout }) => framesIn(stdout).find(({ type }) => type === 'accept'))
  server.tool.write(accept())
  assert.equal(await dialled, 'connected')
  assert(node.node.getConnections()[0].remotePeer.equals(member.identity.peerId))

  return `${seen}; ours: connected`
}

async function withoutAlpn (members: Members): Promise<string> {
  await using server = await startServer({ member: members.of('member'), args: [] })
  await using node = await startOurNode(members.ours())
  const error = await dial(node, server)
  const [seen] = await server.tool.untilPrinted(/subject=CN ?= ?ours/)
  assert.deepEqual(framesIn(server.tool.stdout), [], 'something was sent')
  assert.match(error, /without ALPN/)

  return `openssl: TLS with a client certificate, ${seen}; ${await expectRule(node, 'no-alpn')}: ${error}`
}

async function refusedInTls (init: ServerInit, members: Members, expected: RegExp): Promise<string> {
  await using server = await startServer(init)
  await using node = await startOurNode(members.ours())
  const error = await dial(node, server)
  assert.match(error, expected)

  return `${await expectRule(node, 'tls-failure')}: ${error}`
}

async function refused (members: Members, rule: RefusalRule, init: ServerInit): Promise<string> {
  // openssl does not judge here: what we say of it is the question
  await using server = await startServer({ ...init, args: ['-alpn', OUR_ALPN, '-CAfile', members.of('member').ca] })
  await using node = await startOurNode(members.ours())
  await dial(node, server)
  assert.equal(await refusal(server.tool), rule)

  return `openssl got refusal ${rule}; ${await expectRule(node, rule)}`
}

async function revoked (members: Members): Promise<string> {
  const member = members.of('revoked')
  assert(member.identity != null)
  const ours = members.ours()
  ours.trust.update({ crls: [{ crl: members.crl, name: 'agency.crl' }] })
  await using server = await startServer({ member })
  await using node = await startOurNode(ours)
  const dialled = dial(node, server)
  await mutual(server, members)
  server.tool.write(confirmOf(member.identity))
  await dialled
  assert.equal(await refusal(server.tool), 'revoked')

  return `openssl got refusal revoked; ${await expectRule(node, 'revoked')}`
}
