import { createNode } from '@fisco-libp2p/node'
import { createConsortium, heldBytes } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import type { FiscoNode } from '@fisco-libp2p/node'
import type { Connection, MultiaddrConnection } from '@libp2p/interface'

// the header of a frame of yamux: data of 4 GiB less one byte, for a stream that is not there
const ENDLESS = Buffer.from('00 00 0000 00000009 ffffffff'.replaceAll(' ', ''), 'hex')

/**
 * What a member's own software may send below all protocols: bytes behind the handshake, to another node.
 */
function wireOf (attacker: FiscoNode, victim: FiscoNode): MultiaddrConnection {
  const [connection] = attacker.getConnections(victim.peerId) as Array<Connection & { muxer?: { maConn: MultiaddrConnection } }>

  return connection.muxer?.maConn ?? expect.fail('libp2p keeps the connection elsewhere')
}

/**
 * A node, and members that it has dialled; they are stopped at the end of the scope that holds them.
 */
class Star implements AsyncDisposable {
  readonly nodes: FiscoNode[] = []

  static async create (members: number): Promise<Star> {
    const star = new Star()
    const consortium = await createConsortium()
    const victim = await createNode({ identity: await consortium.identity(), listen: [] })
    star.nodes.push(victim)

    for (let i = 0; i < members; i++) {
      const up = pEvent(victim.services.peers, 'peer:up')
      const member = await createNode({ identity: await consortium.identity(), listen: ['/ip4/127.0.0.1/tcp/0/tls'] })
      star.nodes.push(member)
      await Promise.all([victim.dial(member.getMultiaddrs()), up])
    }

    return star
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.nodes.map(async node => node.stop()))
  }
}

describe('a member that harms a node below its protocols', () => {
  it('has nothing kept of a frame without end, and nobody else feels it', async () => {
    await using star = await Star.create(2)
    const [victim, attacker, other] = star.nodes
    const wire = wireOf(attacker, victim)
    const chunk = new Uint8Array(2 ** 20)
    const before = heldBytes()
    other.services.direct.handle('echo', data => data)
    wire.send(ENDLESS)

    for (let i = 0; i < 64; i++) {
      if (!wire.send(chunk)) {
        await pEvent(wire, ['drain', 'close'])
      }
    }

    expect(await victim.services.direct.request(other.identity.nodeId, 'echo', Uint8Array.of(1))).to.deep.equal(Uint8Array.of(1))
    expect(heldBytes() - before).to.be.below(2 ** 23)
  })
})
