import { decodeFrame, encodeFrame } from '@fisco-libp2p/tls'
import type { Identity } from '@fisco-libp2p/identity'
import type { Frame } from '@fisco-libp2p/tls'

/**
 * The frames of the confirm exchange in what openssl printed: it prints what came from the other side between lines of its own.
 */
export function framesIn (output: Buffer): Frame[] {
  const frames: Frame[] = []

  for (let rest = output; rest.byteLength > 2;) {
    // a frame begins with its length, of which the first byte is below that of any printed character
    const decoded = rest[0] < 9 ? decodeOrNone(rest) : undefined

    if (decoded != null) {
      frames.push(decoded.frame)
    }

    rest = decoded?.rest ?? rest.subarray(1)
  }

  return frames
}

/**
 * What a node with this identity says of itself, so that openssl carries it.
 */
export function confirmOf (identity: Identity): Uint8Array {
  return encodeFrame({
    type: 'confirm',
    confirm: { minVersion: 1, maxVersion: 1, networkId: identity.networkId, incarnation: Date.now(), chain: identity.chain.map(({ der }) => der) }
  })
}

/**
 * That the other side is accepted.
 */
export function accept (): Uint8Array {
  return encodeFrame({ type: 'accept', version: 1 })
}

function decodeOrNone (bytes: Buffer): ReturnType<typeof decodeFrame> {
  try {
    return decodeFrame(bytes)
  } catch {
    return undefined
  }
}
