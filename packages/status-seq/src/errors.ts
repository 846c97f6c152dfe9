/**
 * An entry cannot be set: its name or value breaks a limit, or the record would.
 */
export class InvalidEntryError extends Error {
  static name = 'InvalidEntryError'

  constructor (message = 'Invalid status entry') {
    super(message)
    this.name = 'InvalidEntryError'
  }
}

/**
 * Bytes from a neighbour that are no frame, message or record of this protocol. Its stream is aborted.
 */
export class MalformedStatusError extends Error {
  static name = 'MalformedStatusError'

  constructor (message = 'Malformed status message') {
    super(message)
    this.name = 'MalformedStatusError'
  }
}

/**
 * Why a well-formed record is not taken.
 *
 * - `version`: of a record format that this node does not know
 * - `untrusted`: the trust store does not accept the owner's certificate chain
 * - `future`: the incarnation lies more than 24 hours ahead
 * - `aged`: its owner signed it more than `maxAge` ago
 * - `table-full`: `maxNodes` other nodes are known already
 */
export const RECORD_REFUSALS = ['version', 'untrusted', 'future', 'aged', 'table-full'] as const

/**
 * One of {@link RECORD_REFUSALS}.
 */
export type RecordRefusal = typeof RECORD_REFUSALS[number]

/**
 * A record is well-formed and not taken. The neighbour that passed it on may be innocent: it may trust other CAs, or have
 * another clock.
 */
export class RecordRefusedError extends Error {
  static name = 'RecordRefusedError'

  constructor (readonly rule: RecordRefusal, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RecordRefusedError'
  }
}

/**
 * A record is not what its owner signed, or its owner is not who the certificate names: the neighbour that sent it passed it
 * on unverified, or made it up.
 */
export class ForgedRecordError extends Error {
  static name = 'ForgedRecordError'

  constructor (message = 'Forged status record') {
    super(message)
    this.name = 'ForgedRecordError'
  }
}
