import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { issueNode } from '@fisco-libp2p/ca'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { CLOSE_LINGER } from '../src/constants.ts'
import { startNode } from './support/nodes.ts'
import type { Connection } from '@libp2p/interface'
import type { ChildProcess } from 'node:child_process'

const SCRIPT = fileURLToPath(new URL('./support/busy-process.js', import.meta.url))
const STREAMS = 16

describe('a connection that is closed', () => {
  it('ends well at the other end, and brings what was sent before, also when that end was busy and is still sending', async () => {
    let took = Infinity

    // where the other end does not come to its turn in the time that it has, nothing is shown
    for (let round = 0; round < 5 && took >= CLOSE_LINGER; round++) {
      await withProcess(async (connection, child) => {
        const streams = await Promise.all(Array.from({ length: STREAMS }, async () => connection.newStream('/last/1.0.0', { maxOutboundStreams: STREAMS })))
        const told = once(child, 'message')

        streams.forEach(stream => { stream.send(Uint8Array.of(1)) })
        const began = performance.now()
        await connection.close()
        took = performance.now() - began
        const [message] = await told

        expect(connection.status).to.equal('closed')

        if (took < CLOSE_LINGER) {
          expect(message).to.deep.equal({ status: 'closed', arrived: STREAMS })
        }
      })
    }

    expect(took).to.be.below(CLOSE_LINGER)
  })

  it('is closed as well where the other end stands still', async () => {
    await withProcess(async (connection, child) => {
      child.kill('SIGSTOP')
      await connection.close()

      expect(connection.status).to.equal('closed')
    })
  })

  it('is cut where its caller gives up earlier', async () => {
    await withProcess(async (connection, child) => {
      const closed = pEvent(connection, 'close')

      child.kill('SIGSTOP')
      await connection.close({ signal: AbortSignal.timeout(20) }).catch(() => {}) // that it gave up
      await closed

      expect(connection.status).to.equal('closed')
    })
  })
})

/**
 * Gives a connection with a node in a process of its own, and that.
 */
async function withProcess (use: (connection: Connection, child: ChildProcess) => Promise<void>): Promise<void> {
  const { agency, root, identity } = await createConsortium()
  const { key, cert } = await issueNode(agency, { name: 'busy' })
  const child = fork(SCRIPT)

  try {
    child.send({ key, cert, ca: root.cert })

    const [{ address }] = await once(child, 'message')
    await using node = await startNode(await identity(), { carrier: 'tls-first', listen: [] })

    await use(await node.libp2p.dial(multiaddr(address)), child)
  } finally {
    child.kill('SIGKILL')
  }
}
