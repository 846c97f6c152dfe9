const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The moment at which this process is asked to end: by Ctrl-C, by SIGTERM or SIGHUP, or because the process that started
 * it with an IPC channel is gone, however it went. Listens from its construction on, until it is disposed of.
 */
export class EndRequest implements Disposable {
  /**
   * Resolves with what asked for it.
   */
  readonly promise: Promise<string>

  private readonly resolve: (reason: string) => void
  private readonly onDisconnect = (): void => { this.resolve('parent gone') }

  constructor () {
    const { promise, resolve } = Promise.withResolvers<string>()

    this.promise = promise
    this.resolve = resolve
    SIGNALS.forEach(signal => process.on(signal, this.resolve))

    if (process.channel != null) {
      process.on('disconnect', this.onDisconnect)
    }
  }

  [Symbol.dispose] (): void {
    SIGNALS.forEach(signal => process.off(signal, this.resolve))
    process.off('disconnect', this.onDisconnect)
    // the listener kept the process alive for the sake of the channel
    process.channel?.unref()
  }
}

/**
 * Ends the process when it does not end by itself within `ms`: nothing may keep it alive after it was asked to end.
 */
export function endWithin (ms: number): void {
  setTimeout(() => { process.exit() }, ms).unref()
}
