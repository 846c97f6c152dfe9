import pc from 'picocolors'

/**
 * What an operator can do something about: shown as one line, without a stack.
 */
export class UsageError extends Error {
  static name = 'UsageError'

  constructor (message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/**
 * Aborted when nobody reads standard output any more.
 */
const unread = new AbortController()
let isGuarded = false

/**
 * From now on a reader of this process's output that goes away, or a disk that is full, does not take the process with it. What is
 * written then is lost: a node must not die of its log.
 *
 * @returns aborted when nobody reads standard output any more
 */
export function outliveReaders (): AbortSignal {
  if (!isGuarded) {
    isGuarded = true
    process.stdout.on('error', () => { unread.abort() })
    process.stderr.on('error', () => {})
  }

  return unread.signal
}

/**
 * Where a command writes. With `--json`, standard output carries JSON alone, one value per line.
 */
export class Output {
  readonly json: boolean

  constructor (options: { json?: boolean }) {
    this.json = options.json === true
    outliveReaders()
  }

  /**
   * A result: text for people, or its JSON.
   */
  result (text: string, value: object): void {
    process.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`)
  }

  /**
   * Progress: on standard error where standard output carries JSON.
   */
  progress (text: string): void {
    (this.json ? process.stderr : process.stdout).write(`${text}\n`)
  }

  /**
   * What must not be overlooked: on standard error, whatever the format.
   */
  warning (text: string): void {
    process.stderr.write(`${pc.yellow('WARNING')}: ${text}\n`)
  }

  /**
   * The error that ends a command.
   */
  failure (err: Error): void {
    const message = err.message.trim().replace(/\s*\n\s*/g, ' ')

    process.stderr.write(`${pc.red('error')}: ${message}\n`)

    if (this.json) {
      process.stdout.write(`${JSON.stringify({ error: { name: err.name, message } })}\n`)
    }
  }
}
