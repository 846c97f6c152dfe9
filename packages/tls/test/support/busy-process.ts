import { createIdentity } from '@fisco-libp2p/identity'
import { startNode } from './nodes.ts'

/**
 * How long the node stands still, in milliseconds.
 */
const BUSY = 40

/**
 * A listening node in a process of its own, which is busy just when its peer closes the connection: the first byte of a stream keeps it so. Then it reads all that came meanwhile, and
 * answers the end of each stream with a reset. When the connection is closed it tells how it ended, and how many bytes came.
 */
process.once('message', (pem: { key: string, cert: string, ca: string }) => {
  serve(pem).catch(err => { process.stderr.write(`${err.stack}\n`); process.exitCode = 1 })
})

async function serve (pem: { key: string, cert: string, ca: string }): Promise<void> {
  const node = await startNode(createIdentity(pem), { carrier: 'tls-first' })
  let arrived = 0

  await node.libp2p.handle('/last/1.0.0', stream => {
    stream.addEventListener('remoteCloseWrite', () => { stream.abort(new Error('it ended')) })
    stream.addEventListener('message', ({ data }) => {
      const isFirst = arrived === 0
      arrived += data.byteLength

      if (isFirst) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY)
      }
    })
  })
  node.libp2p.addEventListener('connection:close', ({ detail: { status } }) => { process.send?.({ status, arrived }) })
  process.on('disconnect', () => { process.exit() })
  process.send?.({ address: node.libp2p.getMultiaddrs()[0].toString() })
}
