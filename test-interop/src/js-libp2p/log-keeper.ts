import { format } from 'node:util'
import type { ComponentLogger, Logger } from '@libp2p/interface'

/**
 * A logger for libp2p that keeps lines, of some components alone.
 */
export class LogKeeper implements ComponentLogger {
  readonly lines: string[] = []

  /**
   * Told of each line.
   */
  onLine?: () => void

  readonly #components: RegExp

  constructor (components: RegExp) {
    this.#components = components
  }

  forComponent (name: string): Logger {
    const enabled = this.#components.test(name)
    const keep = (...[template, ...values]: unknown[]): void => {
      if (enabled) {
        // libp2p's own formatters (%p, %a, %e ...) stand for something that has a toString
        this.lines.push(`${name} ${format(String(template).replaceAll(/%[a-zA-Z]/g, '%s'), ...values.map(String))}`)
        this.onLine?.()
      }
    }

    return Object.assign(keep, { error: keep, trace: () => {}, enabled, newScope: (scope: string) => this.forComponent(`${name}:${scope}`) })
  }

  /**
   * Resolves with the first line that matches, kept already or soon.
   *
   * @throws Error if there is none in 10 s
   */
  async line (pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const timer = setTimeout(() => { reject(new Error(`no line of the log matches ${pattern}: ${this.lines.join(' | ')}`)) }, 10_000)
    const look = (): void => {
      const found = this.lines.find(line => pattern.test(line))

      if (found != null) {
        resolve(found)
      }
    }

    this.onLine = look
    look()

    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }
}
