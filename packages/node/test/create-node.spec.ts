import { appendFile } from 'node:fs/promises'
import { createNode, ListenError, nodeDefaults } from '@fisco-libp2p/node'
import { chainFolder, createIdentities, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import type { WrittenChain } from '@fisco-libp2p/ca'
import type { FiscoNode } from '@fisco-libp2p/node'

async function withNodes (chain: WrittenChain, use: (nodes: FiscoNode[]) => Promise<void>): Promise<void> {
  const nodes = await Promise.all(chain.nodes.map(async ({ config }) => createNode({ config })))

  try {
    await use(nodes)
  } finally {
    await Promise.all(nodes.map(async node => node.stop()))
  }
}

async function untilConnected (node: FiscoNode, count: number): Promise<void> {
  while (node.services.peers.members().length < count) {
    await pEvent(node.services.peers, 'peer:up')
  }
}

describe('createNode', () => {
  it('builds a network from the files that an operator has', async () => {
    await using folder = await temporaryFolder()

    await withNodes(await chainFolder(folder.join('chain'), { nodes: 4 }), async nodes => {
      await Promise.all(nodes.map(async node => untilConnected(node, 3)))
      nodes[3].services.direct.handle('name', () => new TextEncoder().encode(nodes[3].identity.name))

      const answer = await nodes[0].services.direct.request(nodes[3].identity.nodeId, 'name', new Uint8Array())

      expect(new TextDecoder().decode(answer)).to.equal('node3')
      expect(nodes[0].services.peers.members().map(({ name }) => name).sort()).to.deep.equal(['node1', 'node2', 'node3'])
    })
  })

  it('has one security layer', async () => {
    const [identity] = await createIdentities(1)

    const { transports, connectionEncrypters } = nodeDefaults({ identity })

    expect(transports).to.have.lengthOf(1)
    expect(connectionEncrypters).to.equal(undefined)
    expect(nodeDefaults({ identity }).privateKey).to.equal(identity.privateKey)
  })

  for (const [title, section, key] of [['blacklist', 'certificate_blacklist', 'crl'], ['whitelist', 'certificate_whitelist', 'cal']]) {
    it(`keeps the ${title} on dial and on accept`, async () => {
      await using folder = await temporaryFolder()
      const chain = await chainFolder(folder.join('chain'), { nodes: 3 })
      const [first, second, third] = chain.nodes
      // both lists come to the same: node0 takes node1 and not node2
      await appendFile(first.config, `\n[${section}]\n${key}.0=${key === 'crl' ? third.nodeId : second.nodeId}\n`)

      await withNodes(chain, async nodes => {
        const refused = new Set<string>()
        nodes[2].services.peers.addEventListener('peer:refused', ({ detail }) => { refused.add(detail.rule) })
        await untilConnected(nodes[0], 1)
        await untilConnected(nodes[2], 1)

        while (!refused.has('denied')) {
          await pEvent(nodes[2].services.peers, 'peer:refused')
        }

        expect(nodes[0].services.peers.members().map(({ nodeId }) => nodeId)).to.deep.equal([second.nodeId])
        expect(nodes[2].services.peers.members().map(({ nodeId }) => nodeId)).to.deep.equal([second.nodeId])
      })
    })
  }

  it('says that another process listens on the port already', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 1 })

    await withNodes(chain, async () => {
      const [{ config }] = chain.nodes
      expect(await createNode({ config }).catch(err => err)).to.have.property('message').that.matches(/another (process|node) listens/)

      await appendFile(config, '[admin]\n    socket=none\n')
      const failure = await createNode({ config }).catch(err => err)

      expect(failure).to.be.an.instanceOf(ListenError).with.property('message').that.matches(/cannot listen on \/ip4\/127\.0\.0\.1\/tcp\/\d+\/tls: another process listens there already/)
    })
  })

  it('says that the machine has no such address', async () => {
    const [identity] = await createIdentities(1)
    const failure = await createNode({ identity, listen: ['/ip4/203.0.113.1/tcp/30300/tls'] }).catch(err => err)

    expect(failure).to.be.an.instanceOf(ListenError).with.property('message').that.includes('change listen_ip')
  })

  it('grows its incarnation with every start, from what it stored', async () => {
    await using folder = await temporaryFolder()
    const [identity] = await createIdentities(1)
    const incarnations: number[] = []

    for (let i = 0; i < 3; i++) {
      const node = await createNode({ identity, stateFolder: folder.join('state') })
      incarnations.push(node.services.statusSeq.get(identity.nodeId)?.incarnation ?? 0)
      await node.stop()
    }

    expect(incarnations[0]).to.be.above(0)
    expect(incarnations[1]).to.be.above(incarnations[0])
    expect(incarnations[2]).to.be.above(incarnations[1])
  })

  it('does not start when it is told not to, or not any more', async () => {
    const [identity] = await createIdentities(1)
    const node = await createNode({ identity, start: false })

    expect(node.status).to.equal('stopped')

    const aborted = await createNode({ identity, signal: AbortSignal.abort() }).catch(err => err)
    expect(aborted).to.have.property('name', 'AbortError')
  })
})
