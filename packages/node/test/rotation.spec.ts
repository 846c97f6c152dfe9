import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAgency, createChainCa, issueNode, openAuthority, publishCrl, renew, revoke } from '@fisco-libp2p/ca'
import { getPeerCertificate } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { chainFolder, temporaryFolder, Traffic } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import type { WrittenChain, WrittenNode } from '@fisco-libp2p/ca'
import type { HandshakeRejection } from '@fisco-libp2p/identity'
import type { ConfigFileInit, FiscoNode, ReloadReport } from '@fisco-libp2p/node'

/**
 * Nodes that run from files, each connected with all others.
 */
class Network implements AsyncDisposable {
  readonly nodes: FiscoNode[] = []
  readonly #downs: string[] = []

  static async start (chain: WrittenChain): Promise<Network> {
    const network = new Network()
    network.nodes.push(...await Promise.all(chain.nodes.map(async ({ config }) => createNode({ config }))))
    await network.connected()
    network.nodes.forEach(node => { network.#watch(node) })

    return network
  }

  /**
   * Who lost whom since all were connected.
   */
  get downs (): string[] {
    return this.#downs
  }

  async add (init: ConfigFileInit): Promise<FiscoNode> {
    const node = await createNode(init)
    this.nodes.push(node)

    return node
  }

  async connected (nodes = this.nodes): Promise<void> {
    for (const node of nodes) {
      await until(() => nodes.every(other => other === node || sees(node, other)), async () => pEvent(node.services.peers, 'peer:up'))
    }
  }

  async cut (victim: FiscoNode): Promise<void> {
    for (const node of this.nodes.filter(node => node !== victim)) {
      await until(() => !sees(node, victim), async () => pEvent(node.services.peers, 'peer:down'))
      await until(() => !sees(victim, node), async () => pEvent(victim.services.peers, 'peer:down'))
    }
  }

  #watch (node: FiscoNode): void {
    const nameOf = (nodeId: string): string => this.nodes.find(({ identity }) => identity.nodeId === nodeId)?.identity.name ?? nodeId
    node.services.peers.addEventListener('peer:down', ({ detail }) => { this.#downs.push(`${node.identity.name} lost ${nameOf(detail.nodeId)}`) })
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.nodes.map(async node => node.stop()))
  }
}

function sees (node: FiscoNode, other: FiscoNode): boolean {
  return node.services.peers.members().some(({ nodeId }) => nodeId === other.identity.nodeId)
}

/**
 * @param next - resolves when the condition may hold that did not before
 */
async function until (condition: () => boolean, next: () => Promise<unknown>): Promise<void> {
  while (!condition()) {
    await next()
  }
}

async function hasRenewed ({ identity }: FiscoNode, serial: string): Promise<void> {
  await until(() => identity.certificate.serial === serial, async () => pEvent(identity, 'identity:renewed'))
}

async function rejection ({ identity }: FiscoNode, rule: string): Promise<HandshakeRejection> {
  for (;;) {
    const { detail } = await pEvent<'handshake:rejected', CustomEvent<HandshakeRejection>>(identity, 'handshake:rejected')

    if (detail.rule === rule && detail.refusedBy === 'us') {
      return detail
    }
  }
}

async function reload (node: FiscoNode): Promise<ReloadReport> {
  return await node.reload?.() ?? expect.fail('the node was not started from a file')
}

async function setting (node: WrittenNode, section: string, line: string): Promise<void> {
  const text = await readFile(node.config, 'utf8')
  await writeFile(node.config, text.replace(`[${section}]`, `[${section}]\n    ${line}`))
}

function conf (node: WrittenNode, name: string): string {
  return join(node.dir, 'conf', name)
}

describe('trust that changes under traffic', () => {
  it('shows a renewed certificate without losing a link or a request', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 4 })
    await using network = await Network.start(chain)
    await using traffic = new Traffic(network.nodes)
    const [first, second] = network.nodes

    await traffic.flow(200)
    const renewed = await renew({ chain: chain.dir, node: 'node0' }) // takes node.crt's place, which the node watches
    await hasRenewed(first, renewed.serial)
    await until(() => second.services.statusSeq.get(first.identity.nodeId)?.certificate.serial === renewed.serial, async () => pEvent(second.services.statusSeq, 'status:change'))
    await traffic.flow(200)
    const { lost } = await traffic.stop()

    expect(lost).to.deep.equal([])
    expect(network.downs).to.deep.equal([])

    // a new handshake is made with it
    await second.services.peers.expel(first.peerId, 'expired')
    await until(() => sees(second, first), async () => pEvent(second.services.peers, 'peer:up'))
    expect(second.getConnections(first.peerId).map(connection => getPeerCertificate(connection)?.serial)).to.include(renewed.serial)
  })

  it('takes in another CA, and then lets go of it, with nobody else noticing', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 4 })
    const networkId = await pin(chain)
    await using network = await Network.start(chain)
    await using traffic = new Traffic(network.nodes)
    const members = [...network.nodes]

    // the guest is certified by a consortium of its own, which the others come to trust
    const root = await createChainCa({ name: 'guests' })
    const guest = await issueNode(await createAgency(root, { name: 'guest agency' }), { name: 'guest' })
    const cas = await readFile(conf(chain.nodes[0], 'ca.crt'), 'utf8')
    const guestChain = await chainFolder(folder.join('guest'), { nodes: 1 })
    const [place] = guestChain.nodes
    await Promise.all([writeFile(conf(place, 'node.key'), guest.key), writeFile(conf(place, 'node.crt'), guest.cert), writeFile(conf(place, 'ca.crt'), root.cert + cas)])
    await setting(place, 'chain', `network_id=${networkId}`)
    await setting(place, 'p2p', (await addressesOf(chain.nodes[0])).join('\n    '))

    await traffic.flow(100)
    await Promise.all(chain.nodes.map(async node => writeFile(conf(node, 'ca.crt'), cas + root.cert)))
    const reports = await Promise.all(members.map(async node => reload(node)))
    const visitor = await network.add({ config: place.config })
    await network.connected()
    traffic.add(visitor)
    await traffic.flow(200)

    expect(reports.flatMap(({ errors }) => errors)).to.deep.equal([])
    expect(network.downs).to.deep.equal([])

    traffic.excuse(visitor)
    await Promise.all(chain.nodes.map(async node => writeFile(conf(node, 'ca.crt'), cas)))
    await network.cut(visitor)
    await traffic.flow(200)
    const { lost } = await traffic.stop()

    expect(lost).to.deep.equal([])
    expect([...new Set(network.downs)].sort()).to.deep.equal(['node0', 'node1', 'node2', 'node3'].map(name => `${name} lost guest`))
  })

  it('cuts a revoked node everywhere, who hears of it from one neighbour', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 4 })
    await publishCrl({ chain: chain.dir })
    await copyFile(join(chain.dir, 'agency', 'agency.crl'), conf(chain.nodes[0], 'agency.crl'))
    await setting(chain.nodes[0], 'network_security', 'crl.0=agency.crl')
    await using network = await Network.start(chain)
    await using traffic = new Traffic(network.nodes)
    const [, second, , victim] = network.nodes
    const older = await readFile(conf(chain.nodes[3], 'node.crt'), 'utf8')

    await traffic.flow(200)
    await hasRenewed(victim, (await renew({ chain: chain.dir, node: 'node3' })).serial)
    traffic.excuse(victim)
    const { certificates } = await revoke({ chain: chain.dir, node: 'node3' })
    await copyFile(join(chain.dir, 'agency', 'agency.crl'), conf(chain.nodes[0], 'agency.crl'))
    await network.cut(victim)
    await traffic.flow(200)
    const { lost } = await traffic.stop()

    expect(certificates).to.have.lengthOf(2)
    expect(lost).to.deep.equal([])
    expect([...new Set(network.downs.filter(line => !line.startsWith('node3')))].sort()).to.deep.equal(['node0 lost node3', 'node1 lost node3', 'node2 lost node3'])

    // it comes back with its older certificate, to those who have learnt of its revocation as well
    await victim.stop()
    await writeFile(conf(chain.nodes[3], 'node.crt'), older)
    const refused = rejection(second, 'revoked')
    const again = await network.add({ config: chain.nodes[3].config })
    await refused
    expect(certificates.map(({ serial }) => serial)).to.include(again.identity.certificate.serial)
    expect(sees(second, again)).to.equal(false)
  })

  it('lets a node change its key: the new one works beside the old one until that is revoked', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 4 })
    const [, , , old, fresh] = [...chain.nodes, (await chainFolder(folder.join('place'), { nodes: 1 })).nodes[0]]
    await using network = await Network.start({ ...chain, nodes: chain.nodes })
    await using traffic = new Traffic(network.nodes)
    const retiring = network.nodes[3]

    // certified by the same agency, for a key of its own
    const read = async (...path: string[]): Promise<string> => readFile(join(chain.dir, ...path), 'utf8')
    const agency = openAuthority({ key: await read('agency', 'agency.key'), cert: await read('agency', 'agency.crt') + await read('ca.crt') })
    const { key, cert } = await issueNode(agency, { name: 'node3' })
    await Promise.all([writeFile(conf(fresh, 'node.key'), key), writeFile(conf(fresh, 'node.crt'), cert), copyFile(conf(old, 'ca.crt'), conf(fresh, 'ca.crt'))])
    await setting(fresh, 'p2p', (await addressesOf(old)).join('\n    '))

    await traffic.flow(100)
    const successor = await network.add({ config: fresh.config })
    await network.connected()
    traffic.add(successor)
    await traffic.flow(200)
    expect(network.downs).to.deep.equal([])

    traffic.excuse(retiring)
    await Promise.all(chain.nodes.slice(0, 3).map(async ({ config }) => appendFile(config, `\n[certificate_blacklist]\ncrl.0=${old.nodeId}\n`)))
    await Promise.all(network.nodes.slice(0, 3).map(async node => reload(node)))
    await retiring.stop()
    await traffic.flow(200)
    const { lost } = await traffic.stop()

    expect(lost).to.deep.equal([])
    expect([...new Set(network.downs.filter(line => !line.startsWith('node3')))].sort()).to.deep.equal(['node0 lost node3', 'node1 lost node3', 'node2 lost node3'])
  })
})

/**
 * The lines for the nodes that a node is configured with, to stand beside those of another one.
 */
async function addressesOf (node: WrittenNode): Promise<string[]> {
  return ((await readFile(node.config, 'utf8')).match(/node\.\d+=\S+/g) ?? []).map(line => line.replace('node.', 'node.9'))
}

/**
 * Writes the network's ID into each `config.ini`, so that it does not follow from the trusted CAs.
 */
async function pin (chain: WrittenChain): Promise<string> {
  const node = await createNode({ config: chain.nodes[0].config, start: false })
  const networkId = Buffer.from(node.identity.networkId).toString('hex')
  await Promise.all(chain.nodes.map(async written => setting(written, 'chain', `network_id=${networkId}`)))

  return networkId
}
