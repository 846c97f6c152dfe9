import { pEvent } from 'p-event'
import type { Stream } from '@libp2p/interface'

/**
 * Writes bytes in pieces, at the pace of whoever reads them.
 */
export async function sendAll (stream: Stream, bytes: number, pieceLength = 64 * 1024): Promise<void> {
  for (let sent = 0; sent < bytes; sent += pieceLength) {
    if (!stream.send(new Uint8Array(Math.min(pieceLength, bytes - sent)).fill(5))) {
      await pEvent(stream, 'drain', { rejectionEvents: ['close'] })
    }
  }
}

/**
 * Counts what arrives until the other side has no more to say.
 */
export async function receiveAll (stream: Stream): Promise<number> {
  let bytes = 0

  stream.addEventListener('message', evt => { bytes += evt.data.byteLength })

  if (stream.remoteWriteStatus !== 'closed' && stream.status !== 'closed') {
    await pEvent(stream, 'remoteCloseWrite', { rejectionEvents: ['error'] })
  }

  return bytes
}

/**
 * Sends back what arrives, at the pace of whoever reads it, and closes when the other side does.
 */
export function echo (stream: Stream): void {
  stream.addEventListener('message', evt => {
    if (!stream.send(evt.data)) {
      stream.pause()
      pEvent(stream, 'drain', { rejectionEvents: ['close'] }).then(() => { stream.resume() }, () => {})
    }
  })
  stream.addEventListener('remoteCloseWrite', () => {
    stream.close().catch(err => { stream.abort(err) })
  })
}
