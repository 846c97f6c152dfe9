/**
 * The socket of the admin API cannot be listened on. The message says why, and what to do.
 */
export class AdminSocketError extends Error {
  static name = 'AdminSocketError'

  constructor (message = 'The admin socket cannot be used', options?: ErrorOptions) {
    super(message, options)
    this.name = 'AdminSocketError'
  }
}

/**
 * A request that is answered with an error.
 */
export class RequestError extends Error {
  static name = 'RequestError'

  /**
   * @param status - HTTP status code
   */
  constructor (readonly status: number, message: string) {
    super(message)
    this.name = 'RequestError'
  }
}
