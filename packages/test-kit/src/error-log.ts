import { format } from 'node:util'
import type { ComponentLogger, Logger } from '@libp2p/interface'

/**
 * A logger for nodes in tests: keeps the errors, and nothing else.
 */
export class ErrorLog implements ComponentLogger {
  readonly #lines: Array<{ component: string, text: string }> = []

  /**
   * The errors of one component, in order.
   */
  of (component: string): string[] {
    return this.#lines.filter(line => line.component === component).map(({ text }) => text)
  }

  forComponent (component: string): Logger {
    return Object.assign(() => {}, {
      enabled: true,
      trace: () => {},
      error: (text: unknown, ...args: unknown[]) => { this.#lines.push({ component, text: format(text, ...args) }) },
      newScope: (name: string) => this.forComponent(`${component}:${name}`)
    })
  }
}
