/**
 * No further address fits into the list of configured peers.
 */
export class TooManyAddressesError extends Error {
  static name = 'TooManyAddressesError'

  constructor (message = 'Too many addresses') {
    super(message)
    this.name = 'TooManyAddressesError'
  }
}

/**
 * A connection was cut because its peer was started again and has a new one: nobody is left at its other end.
 */
export class ConnectionReplacedError extends Error {
  static name = 'ConnectionReplacedError'

  constructor (message = 'The peer was restarted: a new connection replaces this one') {
    super(message)
    this.name = 'ConnectionReplacedError'
  }
}

/**
 * A connection was cut because nothing was heard on it, although its other end was asked.
 */
export class SilentLinkError extends Error {
  static name = 'SilentLinkError'

  constructor (message = 'The peer is silent') {
    super(message)
    this.name = 'SilentLinkError'
  }
}
