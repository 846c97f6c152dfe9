/**
 * `config.ini` cannot be used. The message names file, section and key, says what is wrong and what would be right.
 */
export class ConfigError extends Error {
  static name = 'ConfigError'

  /**
   * @param file - the config file
   * @param where - section and key, as `[p2p] listen_port`; empty if the whole file is meant
   * @param what - what is wrong, and what would be right
   */
  constructor (readonly file: string, readonly where: string, what: string, options?: ErrorOptions) {
    super(where === '' ? `${file}: ${what}` : `${file}: ${where}: ${what}`, options)
    this.name = 'ConfigError'
  }
}

/**
 * The node cannot listen on its address: another process has the port, or the machine has no such address.
 */
export class ListenError extends Error {
  static name = 'ListenError'

  constructor (readonly address: string, what: string, options?: ErrorOptions) {
    super(`cannot listen on ${address}: ${what}`, options)
    this.name = 'ListenError'
  }
}

/**
 * The folder for what must survive a restart cannot be made or written to. The message says which folder, why, and what to do.
 */
export class StateFolderError extends Error {
  static name = 'StateFolderError'

  constructor (readonly folder: string, what: string, options?: ErrorOptions) {
    super(`the node cannot keep what must survive a restart in ${folder}: ${what}`, options)
    this.name = 'StateFolderError'
  }
}
