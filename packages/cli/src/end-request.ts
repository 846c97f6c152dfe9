import { closeSync, openSync } from 'node:fs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The moment at which this process is asked to end: by Ctrl-C, by SIGTERM or SIGHUP, or because the process that started
 * it with an IPC channel is gone, however it went. Listens from its construction on, until it is disposed of.
 *
 * Where SIGHUP means something else, as it does for a daemon, it asks for an end only if it came because the terminal was closed.
 */
export class EndRequest implements Disposable {
  /**
   * Resolves with what asked for it.
   */
  readonly promise: Promise<string>

  private readonly resolve: (reason: string) => void
  private readonly onHangup?: () => void
  private readonly hadTerminal = process.stdin.isTTY
  private readonly onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && this.onHangup != null && (!this.hadTerminal || hasTerminal())) {
      this.onHangup()
    } else {
      this.resolve(signal)
    }
  }

  private readonly onDisconnect = (): void => { this.resolve('parent gone') }

  /**
   * @param onHangup - what SIGHUP means, if not that the process ends
   */
  constructor (onHangup?: () => void) {
    const { promise, resolve } = Promise.withResolvers<string>()

    this.promise = promise
    this.resolve = resolve
    this.onHangup = onHangup
    SIGNALS.forEach(signal => process.on(signal, this.onSignal))

    if (process.channel != null) {
      process.on('disconnect', this.onDisconnect)
    }
  }

  [Symbol.dispose] (): void {
    SIGNALS.forEach(signal => process.off(signal, this.onSignal))
    process.off('disconnect', this.onDisconnect)
    // the listener kept the process alive for the sake of the channel
    process.channel?.unref()
  }
}

/**
 * Whether the terminal is still there that this process was started from.
 */
function hasTerminal (): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))

    return true
  } catch {
    return false
  }
}

/**
 * Ends the process when it does not end by itself within `ms`: nothing may keep it alive after it was asked to end.
 */
export function endWithin (ms: number): void {
  setTimeout(() => { process.exit() }, ms).unref()
}
