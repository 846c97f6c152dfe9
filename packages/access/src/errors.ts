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
