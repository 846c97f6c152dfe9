import { InvalidMessageError } from '@libp2p/interface'

/**
 * What is said about a link itself (docs/PROTOCOLS.md, "Heartbeat and farewell").
 */
export type LinkFrame =
  | { kind: 'ping' | 'pong', id: number }
  | { kind: 'goodbye', reason: FarewellReason }
  | { kind: 'unknown' }

/**
 * Those that this version sends.
 */
export type KnownLinkFrame = Exclude<LinkFrame, { kind: 'unknown' }>

/**
 * Why an end is about to close a link.
 */
export type FarewellReason = 'draining' | 'overloaded' | ExpulsionReason | 'unknown'

/**
 * Why a node that was connected may be so no more: by a list, or by the certificates (`untrusted-issuer` where none of the others fits).
 */
export type ExpulsionReason = 'denied' | 'revoked' | 'expired' | 'not-yet-valid' | 'crl-expired' | 'crl-unusable' | 'untrusted-issuer'

const KINDS = { ping: 1, pong: 2, goodbye: 3 }

/**
 * The numbers of the refusals with the same names.
 */
const REASONS: Record<Exclude<FarewellReason, 'unknown'>, number> = {
  'untrusted-issuer': 7,
  expired: 12,
  'not-yet-valid': 13,
  revoked: 29,
  'crl-expired': 30,
  'crl-unusable': 31,
  denied: 38,
  draining: 39,
  overloaded: 40
}

/**
 * One byte of length (of what follows it), one of kind, then what the kind has.
 */
export function encodeLinkFrame (frame: KnownLinkFrame): Uint8Array {
  if (frame.kind === 'goodbye') {
    return Uint8Array.of(2, KINDS.goodbye, frame.reason === 'unknown' ? 0 : REASONS[frame.reason])
  }

  const bytes = new Uint8Array(6)
  bytes[0] = 5
  bytes[1] = KINDS[frame.kind]
  new DataView(bytes.buffer).setUint32(2, frame.id)

  return bytes
}

/**
 * Cuts what comes in into frames. It never holds more than one frame that is not complete: 255 bytes.
 */
export class LinkFrameDecoder {
  #rest = new Uint8Array();

  /**
   * One after another, so that a reader who has had enough of them stops: a chunk may have thousands.
   *
   * @returns the frames that are complete
   * @throws InvalidMessageError if a frame is empty, or a known one is too short
   */
  * decode (chunk: Uint8Array): Generator<LinkFrame, void> {
    const bytes = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let offset = 0

    while (offset < bytes.byteLength && offset + 1 + bytes[offset] <= bytes.byteLength) {
      const end = offset + 1 + bytes[offset]

      yield decodeFrame(bytes.subarray(offset + 1, end))
      offset = end
    }

    // copied: the chunk may be a view of a larger piece of memory
    this.#rest = new Uint8Array(bytes.subarray(offset))
  }
}

function decodeFrame (bytes: Uint8Array): LinkFrame {
  const [kind, code] = bytes

  switch (kind) {
    case undefined:
      throw new InvalidMessageError('a frame of the link protocol is empty')
    case KINDS.ping:
    case KINDS.pong:
      if (bytes.byteLength < 5) {
        throw new InvalidMessageError('a heartbeat of the link protocol has no number')
      }

      return { kind: kind === KINDS.ping ? 'ping' : 'pong', id: new DataView(bytes.buffer, bytes.byteOffset).getUint32(1) }
    case KINDS.goodbye:
      return { kind: 'goodbye', reason: reasonOf(code) }
    default:
      // of a later version
      return { kind: 'unknown' }
  }
}

function reasonOf (code: number): FarewellReason {
  const found = Object.entries(REASONS).find(([, number]) => number === code)

  return (found?.[0] ?? 'unknown') as FarewellReason
}

/**
 * What the other end is told about a rule by which it is refused.
 */
export function expulsionReason (rule: string): ExpulsionReason {
  if (rule === 'not-allowed') {
    return 'denied'
  }

  return isExpulsion(rule) ? rule as ExpulsionReason : 'untrusted-issuer'
}

/**
 * Whether a link ended for a rule, rather than by a fault or a stop.
 */
export function isExpulsion (reason: string): boolean {
  return reason in REASONS && reason !== 'draining' && reason !== 'overloaded'
}
