import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * A request that was not answered.
 */
export interface LostRequest {
  /**
   * Names of the nodes.
   */
  from: string
  to: string
  error: string
}

/**
 * How the requests of a {@link Traffic} ended.
 */
export interface TrafficReport {
  answered: number
  lost: LostRequest[]
}

/**
 * How many requests each node has under way to each other one, and milliseconds after which one counts as lost.
 */
const LANES = 2
const TIMEOUT = 10_000

/**
 * Has every node ask every other one all the time, one request after the other, and keeps account of those that are not answered. For tests of what must not
 * interrupt anything: unlike the load of the fault harness, it does not look who is connected.
 */
export class Traffic implements AsyncDisposable {
  readonly #nodes: FiscoNode[] = []
  readonly #stopping = new AbortController()
  readonly #loops: Array<Promise<void>> = []
  readonly #excused = new Set<string>()
  readonly #report: TrafficReport = { answered: 0, lost: [] }
  readonly #waiting = new Set<() => void>()

  /**
   * @param nodes - all of which are connected with all
   */
  constructor (nodes: readonly FiscoNode[]) {
    nodes.forEach(node => { this.add(node) })
  }

  /**
   * Has one more node ask, and be asked.
   */
  add (node: FiscoNode): void {
    node.services.direct.handle('traffic', data => data)

    for (const other of this.#nodes) {
      this.#start(node, other)
      this.#start(other, node)
    }

    this.#nodes.push(node)
  }

  /**
   * From now on, no answers are expected from these nodes, nor do they get any.
   */
  excuse (...nodes: readonly FiscoNode[]): void {
    nodes.forEach(({ identity }) => { this.#excused.add(identity.nodeId) })
  }

  /**
   * Resolves when as many requests more were answered.
   */
  async flow (requests: number): Promise<void> {
    const goal = this.#report.answered + requests

    while (this.#report.answered < goal) {
      await new Promise<void>(resolve => { this.#waiting.add(resolve) })
    }
  }

  /**
   * Ends all loops.
   */
  async stop (): Promise<TrafficReport> {
    this.#stopping.abort()
    await Promise.all(this.#loops)

    return this.#report
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.stop()
  }

  #start (from: FiscoNode, to: FiscoNode): void {
    for (let i = 0; i < LANES; i++) {
      this.#loops.push(this.#ask(from, to))
    }
  }

  async #ask (from: FiscoNode, to: FiscoNode): Promise<void> {
    const names = [from.identity.nodeId, to.identity.nodeId]

    while (!this.#stopping.signal.aborted && !names.some(name => this.#excused.has(name))) {
      try {
        await from.services.direct.request(names[1], 'traffic', Buffer.from(names[0].slice(0, 16)), { timeout: TIMEOUT })
        this.#report.answered++
      } catch (error) {
        if (!this.#stopping.signal.aborted && !names.some(name => this.#excused.has(name))) {
          this.#report.lost.push({ from: from.identity.name, to: to.identity.name, error: String(error) })
        }
      }

      this.#waiting.forEach(resolve => { resolve() })
      this.#waiting.clear()
      // the event loop has other things to do as well
      await new Promise(resolve => { setTimeout(resolve, 2) })
    }
  }
}
