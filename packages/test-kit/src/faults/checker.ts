import { checkPeers } from './check-peers.ts'
import { checkRequests } from './check-requests.ts'
import { checkUse } from './check-use.ts'
import type { LogEntry } from './node-process.ts'

/**
 * The log of one node, over all its runs.
 */
export interface NodeLog {
  name: string
  nodeId: string
  entries: readonly LogEntry[]
}

/**
 * What {@link checkLogs} judges by. Times are unix milliseconds.
 */
export interface CheckInit {
  /**
   * All nodes, each of which is configured with all others.
   */
  logs: readonly NodeLog[]

  /**
   * When the last fault was over.
   */
  faultsEnd: number

  /**
   * Milliseconds after that within which all must be connected with all.
   */
  within: number
}

/**
 * Whether a property held.
 */
export interface PropertyResult {
  name: string
  ok: boolean

  /**
   * How many observations it was checked on. A property that nothing was observed of did not hold.
   */
  checked: number

  /**
   * The first ten violations, in words.
   */
  violations: string[]
}

/**
 * Judges a network by what its nodes logged under the load plugin: are all connected with all again, each by one connection; do ups and
 * downs alternate; did each request end once, at the latest when the link went down; was each answered request handled once; is what
 * the processes use flat?
 */
export function checkLogs (init: CheckInit): PropertyResult[] {
  return [...checkPeers(init), ...checkRequests(init), ...checkUse(init)]
}

/**
 * Collects what is observed of a property.
 */
export class Property {
  readonly #name: string
  readonly #violations: string[] = []
  #checked = 0
  #violated = 0

  constructor (name: string) {
    this.#name = name
  }

  get result (): PropertyResult {
    const nothing = this.#checked === 0 ? ['nothing was observed'] : []

    return { name: this.#name, ok: this.#checked > 0 && this.#violated === 0, checked: this.#checked, violations: [...nothing, ...this.#violations] }
  }

  expect (ok: boolean, violation: () => string): void {
    this.#checked++

    if (!ok && ++this.#violated <= 10) {
      this.#violations.push(violation())
    }
  }
}

/**
 * The runs of a node's process: from one start to the next.
 */
export function runsOf ({ entries }: NodeLog): LogEntry[][] {
  const runs: LogEntry[][] = []

  for (const entry of entries) {
    if (entry.event === 'harness:start' || runs.length === 0) {
      runs.push([])
    }

    runs[runs.length - 1].push(entry)
  }

  return runs
}
