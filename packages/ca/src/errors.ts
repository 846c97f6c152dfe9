/**
 * A setting that cannot be used. The message names the setting, the rule and what would be right. It carries the
 * `name` that libp2p's error of the same kind has, so callers need not tell them apart.
 */
export class InvalidParametersError extends Error {
  static name = 'InvalidParametersError'

  constructor (message = 'Invalid parameters', options?: ErrorOptions) {
    super(message, options)
    this.name = 'InvalidParametersError'
  }
}

/**
 * The folder for a new chain is taken. Nothing was written: a CA key that is overwritten is lost for ever.
 */
export class ChainExistsError extends Error {
  static name = 'ChainExistsError'

  /**
   * @param path - the folder that is taken
   * @param what - what is there
   */
  constructor (readonly path: string, what: string, options?: ErrorOptions) {
    super(`${path}: ${what}; nothing was written: choose another output folder, or move this one away first (its ca.key cannot be made again)`, options)
    this.name = 'ChainExistsError'
  }
}

/**
 * There is no chain where one was looked for.
 */
export class ChainNotFoundError extends Error {
  static name = 'ChainNotFoundError'

  /**
   * @param path - the folder that was looked into
   * @param what - what is missing
   */
  constructor (readonly path: string, what: string, options?: ErrorOptions) {
    super(`${path}: ${what}; create a chain there first`, options)
    this.name = 'ChainNotFoundError'
  }
}

/**
 * The folder holds a chain that cannot be used: a certificate does not verify (any more), a key belongs to another
 * certificate, or files do not fit each other.
 */
export class InvalidChainError extends Error {
  static name = 'InvalidChainError'

  /**
   * @param path - the file or folder that is wrong
   * @param what - what is wrong, and what to do
   */
  constructor (readonly path: string, what: string, options?: ErrorOptions) {
    super(`${path}: ${what}`, options)
    this.name = 'InvalidChainError'
  }
}

/**
 * A private key is encrypted, and the passphrase is missing or wrong.
 */
export class PassphraseError extends Error {
  static name = 'PassphraseError'

  /**
   * As an `IdentityError` of the same kind has it, so callers need not tell them apart.
   */
  readonly rule = 'passphrase'

  /**
   * @param path - the key's file
   * @param what - `missing` or `wrong`
   */
  constructor (readonly path: string, what: 'missing' | 'wrong', options?: ErrorOptions) {
    super(`${path}: the key is encrypted, and the passphrase is ${what}`, options)
    this.name = 'PassphraseError'
  }
}

/**
 * Somebody else is at work on the issuing index, or was when their process ended. Nothing was changed.
 */
export class ChainLockedError extends Error {
  static name = 'ChainLockedError'

  /**
   * @param path - the lock file
   * @param holder - who wrote it
   */
  constructor (readonly path: string, holder: string, options?: ErrorOptions) {
    super(`${path}: ${holder} is at work on the issuing index beside it; nothing was changed: run this again when that is done (if there is no such process any more, delete this file first)`, options)
    this.name = 'ChainLockedError'
  }
}
