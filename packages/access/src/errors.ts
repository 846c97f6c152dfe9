/**
 * A connection was closed because its other end may not be connected any more.
 */
export class AccessClosedError extends Error {
  static name = 'AccessClosedError'

  /**
   * @param rule - the rule of the lists, or of the certificates, by which it may not
   */
  constructor (readonly rule: string, message: string) {
    super(message)
    this.name = 'AccessClosedError'
  }
}

/**
 * What a neighbour sent in answer to a question of this package cannot be used.
 */
export class InvalidAnswerError extends Error {
  static name = 'InvalidAnswerError'

  constructor (message: string) {
    super(message)
    this.name = 'InvalidAnswerError'
  }
}

/**
 * A peer was connected by a security transport that knows no certificates.
 */
export class UncertifiedPeerError extends Error {
  static name = 'UncertifiedPeerError'
  readonly rule = 'no-certificate'

  constructor () {
    super('it has shown no certificate: it came through a transport or an encrypter that this node has beside TLS under the consortium\'s CA; remove that, or allow uncertified peers in accessControl()')
    this.name = 'UncertifiedPeerError'
  }
}
