import { printable } from '@fisco-libp2p/identity'
import { MAX_FRAME_LENGTH, MAX_REFUSAL_TEXT } from './constants.ts'
import { HandshakeRefusedError, REFUSAL_CODES, ruleOfCode } from './errors.ts'
import { HandshakeFrame } from './pb/handshake.ts'
import type { RefusalRule } from './errors.ts'

/**
 * What a side tells of itself.
 */
export interface ConfirmMessage {
  minVersion: number
  maxVersion: number
  networkId: Uint8Array
  incarnation: number
  chain: Uint8Array[]
}

/**
 * A frame of the confirm exchange, decoded.
 */
export type Frame =
  | { type: 'confirm', confirm: ConfirmMessage }
  | { type: 'accept', version: number }
  | { type: 'refusal', rule: RefusalRule, text: string }

/**
 * Encodes a frame: its length as 16-bit big-endian number, then protobuf.
 */
export function encodeFrame (frame: Frame): Uint8Array {
  const body = HandshakeFrame.encode(toProtobuf(frame))
  const bytes = Buffer.alloc(2 + body.byteLength)
  bytes.writeUInt16BE(body.byteLength)
  bytes.set(body, 2)

  return bytes
}

/**
 * Takes the first frame off the bytes that have arrived.
 *
 * @returns the frame and the bytes behind it, or undefined while it is not complete
 * @throws HandshakeRefusedError with rule `malformed`
 */
export function decodeFrame (bytes: Buffer): { frame: Frame, rest: Buffer } | undefined {
  if (bytes.byteLength < 2) {
    return undefined
  }

  const length = bytes.readUInt16BE()

  // before anything is kept for it
  if (length === 0 || length > MAX_FRAME_LENGTH) {
    throw malformed(`a frame of ${length} bytes`)
  }

  if (bytes.byteLength < 2 + length) {
    return undefined
  }

  return { frame: decodeBody(bytes.subarray(2, 2 + length)), rest: bytes.subarray(2 + length) }
}

function decodeBody (body: Uint8Array): Frame {
  let message: HandshakeFrame

  try {
    message = HandshakeFrame.decode(body, { limits: { confirm: { chain: 8 } } })
  } catch (err) {
    throw malformed(err.message)
  }

  const { confirm, accept, refusal } = message

  if (refusal != null) {
    return { type: 'refusal', rule: ruleOfCode(refusal.code), text: printable(refusal.text, MAX_REFUSAL_TEXT) }
  }

  if (accept != null) {
    return { type: 'accept', version: accept.version }
  }

  if (confirm == null) {
    throw malformed('a frame of an unknown kind')
  }

  if (confirm.incarnation > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw malformed('an incarnation above 2^53')
  }

  return { type: 'confirm', confirm: { ...confirm, incarnation: Number(confirm.incarnation) } }
}

function toProtobuf (frame: Frame): HandshakeFrame {
  switch (frame.type) {
    case 'confirm':
      return {
        confirm: {
          minVersion: frame.confirm.minVersion,
          maxVersion: frame.confirm.maxVersion,
          networkId: Uint8Array.from(frame.confirm.networkId),
          incarnation: BigInt(frame.confirm.incarnation),
          chain: frame.confirm.chain.map(der => Uint8Array.from(der))
        }
      }
    case 'accept':
      return { accept: { version: frame.version } }
    default:
      return { refusal: { code: REFUSAL_CODES[frame.rule], text: frame.text.slice(0, MAX_REFUSAL_TEXT) } }
  }
}

function malformed (what: string): HandshakeRefusedError {
  return new HandshakeRefusedError('malformed', 'us', `it sent ${printable(what, MAX_REFUSAL_TEXT)} in the confirm exchange; is it a node of this network?`)
}
