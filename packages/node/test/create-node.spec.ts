import { appendFile, chmod, mkdir, writeFile } from 'node:fs/promises'
import { createNode, ListenError, nodeDefaults, StateFolderError } from '@fisco-libp2p/node'
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

/**
 * Whoever runs the tests may not write to the folder meanwhile.
 */
async function notWritable<T> (folder: string, work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0
  await chmod(folder, 0o555)
  // to root, modes are nothing
  isRoot && process.seteuid?.(65_534)

  try {
    return await work()
  } finally {
    isRoot && process.seteuid?.(0)
    await chmod(folder, 0o755)
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
        await untilConnected(nodes[0], 1)
        await untilConnected(nodes[2], 1)

        while (!nodes[2].services.peers.list().some(peer => peer.state === 'refused' && peer.rule === 'denied')) {
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

  it('says why the admin socket cannot be made, and not that the port is not allowed', async () => {
    await using folder = await temporaryFolder()
    const [identity] = await createIdentities(1)
    const fail = async (socket: string): Promise<Error> => createNode({ identity, listen: ['/ip4/127.0.0.1/tcp/0/tls'], admin: { socket } }).then(() => expect.fail('it started'), err => err)
    await chmod(folder.path, 0o755)
    await mkdir(folder.join('closed'))
    await writeFile(folder.join('file'), '')

    for (const [socket, failure, reason] of [
      [folder.join('nowhere', 'x.sock'), await fail(folder.join('nowhere', 'x.sock')), `the folder ${folder.join('nowhere')} does not exist; make it, or change [admin] socket`],
      [folder.join('file', 'x.sock'), await fail(folder.join('file', 'x.sock')), `${folder.join('file')} is no folder`],
      [folder.join('closed', 'x.sock'), await notWritable(folder.join('closed'), async () => fail(folder.join('closed', 'x.sock'))), `this user may not write to the folder ${folder.join('closed')} (EACCES); give the folder to the user`]
    ] as Array<[string, Error, string]>) {
      expect(failure).to.have.property('name', 'AdminSocketError')
      expect(failure.message).to.contain(`the admin socket ${socket} cannot be made: ${reason}`).and.not.contain('port')
    }
  })

  it('says which folder cannot be written to', async () => {
    await using folder = await temporaryFolder()
    const [identity] = await createIdentities(1)
    const fail = async (stateFolder: string): Promise<Error> => createNode({ identity, stateFolder, start: false }).then(() => expect.fail('it was created'), err => err)
    await chmod(folder.path, 0o755)
    await Promise.all([mkdir(folder.join('node')), writeFile(folder.join('file'), '')])

    for (const [state, failure, reason] of [
      [folder.join('node', 'state'), await notWritable(folder.join('node'), async () => fail(folder.join('node', 'state'))), `this user may not write to ${folder.join('node')} (EACCES); give that folder to the user`],
      [folder.join('file'), await fail(folder.join('file')), 'it is no folder; move it away'],
      [folder.join('file', 'state'), await fail(folder.join('file', 'state')), 'one of the folders above it is a file']
    ] as Array<[string, Error, string]>) {
      expect(failure).to.be.an.instanceOf(StateFolderError)
      expect(failure.message).to.contain(`in ${state}: ${reason}`)
    }
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
