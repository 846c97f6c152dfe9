import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadIdentity } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { freePorts, opensslChain } from '@fisco-libp2p/test-kit'
import { multiaddr } from '@multiformats/multiaddr'
import { pEvent } from 'p-event'
import { accept, confirmOf, framesIn } from '../openssl/frames.ts'
import { established, refusal, startClient } from '../openssl/s-client.ts'
import { openssl, TOOL_TIMEOUT } from '../openssl/tool.ts'
import { fiscoConfig } from './config-ini.ts'
import type { Case } from '../row.ts'
import type { HandshakeRejection } from '@fisco-libp2p/identity'
import type { FiscoNode } from '@fisco-libp2p/node'
import type { OpensslChainOptions, OpensslNode } from '@fisco-libp2p/test-kit'
import type { Connection } from '@libp2p/interface'

/**
 * A way in which FISCO BCOS's tools make chains, and operators keep them.
 */
export interface Variant {
  title: string
  chain: OpensslChainOptions

  /**
   * `[network_security] policy` of `config.ini`.
   */
  policy?: string
}

/**
 * A chain that was made, and another one that was made in the same way.
 */
interface Chains {
  nodes: OpensslNode[]
  foreign: OpensslNode[]
}

/**
 * Both directions of one variant.
 *
 * @param folder - where its files go
 */
export function variantCases (variant: Variant, folder: string): Case[] {
  let made: Promise<Chains> | undefined
  const chains = async (): Promise<Chains> => (made ??= makeChains(variant, folder))

  return [
    { pair: 'fisco-bcos certificates -> ours', case: variant.title, run: async () => fromOpenssl(await chains(), variant) },
    { pair: 'ours -> fisco-bcos certificates', case: variant.title, run: async () => betweenNodes(await chains(), variant) }
  ]
}

async function makeChains ({ chain }: Variant, folder: string): Promise<Chains> {
  return { nodes: await twoNodes(join(folder, 'chain'), chain), foreign: await twoNodes(join(folder, 'foreign'), { ...chain, name: 'foreign' }) }
}

/**
 * A chain with two nodes in the folders that FISCO BCOS's tools give them.
 */
export async function twoNodes (folder: string, options: OpensslChainOptions): Promise<OpensslNode[]> {
  await mkdir(folder, { recursive: true })

  return opensslChain(folder, { ...options, nodes: ['node0', 'node1'], folderOf: node => join('nodes', '127.0.0.1', node, 'conf') })
}

/**
 * openssl shows one node's certificate to the other node, and carries the exchange that makes it a member; one of another chain is refused.
 */
async function fromOpenssl ({ nodes: [ours, theirs], foreign: [stranger] }: Chains, { policy }: Variant): Promise<string> {
  const [port] = await freePorts(1)
  await using node = await startNode(ours, { port, peers: [], policy })
  const identity = await loadIdentity({ key: theirs.key, cert: join(theirs.folder, 'node.crt'), ca: theirs.ca, policy: node.node.config?.policy })
  await using client = startClient(port, { member: theirs })
  const opened = pEvent<'connection:open', CustomEvent<Connection>>(node.node, 'connection:open', { timeout: TOOL_TIMEOUT })

  const { text } = await established(client)
  await client.untilPrinted(/Verify return code: 0 \(ok\)/)
  client.write(confirmOf(identity))
  await client.until('our accept', ({ stdout }) => framesIn(stdout).find(({ type }) => type === 'accept'))
  client.write(accept())
  assert((await opened).detail.remotePeer.equals(identity.peerId))
  assert.equal(identity.nodeId, theirs.nodeId)

  const rejected = rejection(node.node)
  await using other = startClient(port, { member: stranger })
  await established(other)
  const rule = await refusal(other)
  assert.equal((await rejected).rule, rule)
  assert.equal(rule, 'untrusted-issuer')

  return `${text}, accepted as ${identity.nodeId.slice(0, 8)}...; another chain: refusal ${rule}`
}

/**
 * Two nodes from files in FISCO BCOS's layout, and one of another chain.
 */
async function betweenNodes ({ nodes, foreign: [stranger] }: Chains, { policy }: Variant): Promise<string> {
  for (const dialler of [0, 1]) {
    const ports = await freePorts(2)
    const start = async (i: number): Promise<Started> => startNode(nodes[i], { port: ports[i], peers: i === dialler ? [ports[1 - i]] : [], policy })
    await using listening = await start(1 - dialler)
    await using dialling = await start(dialler)

    await untilConnected(dialling.node)
    await untilConnected(listening.node)
    await exchange(dialling.node, listening.node)
    await exchange(listening.node, dialling.node)
  }

  const [port, strangersPort] = await freePorts(2)
  await using ours = await startNode(nodes[0], { port, peers: [], policy })
  await using theirs = await startNode(stranger, { port: strangersPort, peers: [], policy })
  const [here, there] = [rejection(ours.node), rejection(theirs.node)]
  await assert.rejects(theirs.node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/tls`)))
  const rules = [(await here).rule, (await there).rule]
  assert(rules.every(rule => rule === 'untrusted-issuer'), `the rules are ${rules.join(' and ')}`)
  await checkNodeIds(nodes)

  return `both ways, a request each way, node IDs as openssl prints them; another chain: ${rules[0]} on both sides`
}

interface Started extends AsyncDisposable {
  node: FiscoNode
}

async function startNode ({ folder }: OpensslNode, settings: { port: number, peers: number[], policy?: string }): Promise<Started> {
  const config = join(folder, '..', 'config.ini')
  await writeFile(config, fiscoConfig(settings))
  const node = await createNode({ config, watch: false })

  return { node, [Symbol.asyncDispose]: async () => node.stop() }
}

async function untilConnected (node: FiscoNode): Promise<void> {
  if (node.services.peers.members().length === 0) {
    await pEvent(node.services.peers, 'peer:up', { timeout: TOOL_TIMEOUT })
  }
}

async function exchange (from: FiscoNode, to: FiscoNode): Promise<void> {
  to.services.direct.handle('echo', async data => data)
  const answer = await from.services.direct.request(to.identity.nodeId, 'echo', Uint8Array.of(1, 2, 3), { timeout: TOOL_TIMEOUT })

  assert.deepEqual([...answer], [1, 2, 3])
}

async function rejection (node: FiscoNode): Promise<HandshakeRejection> {
  return (await pEvent<'handshake:rejected', CustomEvent<HandshakeRejection>>(node.identity, 'handshake:rejected', { timeout: TOOL_TIMEOUT })).detail
}

/**
 * The ID that openssl sees in the key, the one that it sees in the certificate, and ours are one; and the certificate lasts for 100 years.
 */
async function checkNodeIds (nodes: readonly OpensslNode[]): Promise<void> {
  for (const { folder, leaf, nodeId } of nodes) {
    const { stdout, identity } = await describe(folder, leaf)
    assert.match(nodeId, /^[0-9a-f]{128}$/)
    assert.equal(stdout, nodeId)
    assert.equal(identity, nodeId)
    await openssl(['x509', '-in', leaf, '-noout', '-checkend', String(99 * 365 * 86_400)])
  }
}

async function describe (folder: string, leaf: string): Promise<{ stdout: string, identity: string }> {
  const text = await openssl(['x509', '-in', leaf, '-noout', '-text'])
  const conf = (name: string): string => join(folder, name)
  assert.equal((await readFile(conf('node.nodeid'), 'utf8')).length, 129)
  const { nodeId } = await loadIdentity({ key: conf('node.key'), cert: conf('node.crt'), ca: conf('ca.crt'), policy: 'fisco' })

  return { stdout: (/pub:\s+04([0-9a-f:\s]+)/.exec(text)?.[1] ?? '').replace(/[:\s]/g, ''), identity: nodeId }
}
