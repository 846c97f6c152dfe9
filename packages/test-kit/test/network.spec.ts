import { createNetwork, createIdentities, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'

describe('test-kit', () => {
  it('has networks whose nodes are all connected, and leave nothing running', async () => {
    const before = process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length

    {
      await using network = await createNetwork(3)
      const [a, b, c] = network.nodes

      expect(a.services.peers.members().map(({ nodeId }) => nodeId)).to.have.members([b.identity.nodeId, c.identity.nodeId])
      b.services.direct.handle('echo', data => data)
      expect(await a.services.direct.request(b.identity.nodeId, 'echo', Uint8Array.of(1))).to.deep.equal(Uint8Array.of(1))
    }

    expect(process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))).to.have.lengthOf(before)
  })

  it('says so when something is left running', async () => {
    const network = await createNetwork(2)
    const [node] = network.nodes
    const stop = node.stop.bind(node)
    node.stop = async () => {}

    const failure = await network[Symbol.asyncDispose]().then(() => undefined, err => err)
    await stop()
    expect(failure).to.have.property('message').that.matches(/The network was stopped, and \d+ of its sockets are still open/)
  })

  it('has identities that trust each other', async () => {
    const [alice, bob] = await createIdentities(2, { keyType: 'ed25519' })

    expect(bob.trust.judge(alice.chain).path[0].commonName).to.equal('node0')
  })

  it('has folders that go with their scope', async () => {
    const { access } = await import('node:fs/promises')
    let path: string

    {
      await using folder = await temporaryFolder()
      path = folder.path
      await access(path)
    }

    expect(await access(path).catch(err => err.code)).to.equal('ENOENT')
  })
})
