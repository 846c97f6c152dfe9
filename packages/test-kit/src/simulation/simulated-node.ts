import { NEIGHBOURS_ENTRY, neighboursEntry, StatusEngine } from '@fisco-libp2p/status-seq'
import type { SimulatedClock } from './clock.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { EngineInit, Notary, Outbox, SealedRecord, StatusMessage, StatusRecord } from '@fisco-libp2p/status-seq'

/**
 * What a {@link SimulatedNode} works with.
 */
export interface SimulatedNodeInit {
  clock: SimulatedClock
  notary: Notary
  settings: Omit<EngineInit, 'notary' | 'observer'>
  send(to: number, message: StatusMessage): void
}

/**
 * The rules of one node, with a clock and links instead of timers and streams.
 */
export class SimulatedNode {
  readonly nodeId: NodeId
  onChange?: (record: StatusRecord) => void
  engine: StatusEngine

  /**
   * Nodes that were dropped, and owners of records with the same numbers.
   */
  readonly gone: NodeId[] = []
  readonly equivocated: NodeId[] = []
  readonly #init: SimulatedNodeInit
  readonly #outboxes = new Map<number, Outbox>()
  readonly #positions = new WeakMap<Outbox, number>()
  readonly #waiting = new Set<Outbox>()
  #running = false
  #incarnation = 0
  #wakeAt = Infinity

  constructor (init: SimulatedNodeInit) {
    this.#init = init
    this.nodeId = init.notary.nodeId
    this.engine = this.#createEngine()
  }

  get running (): boolean {
    return this.#running
  }

  start (incarnation: number): void {
    this.engine = this.#createEngine()
    this.#incarnation = incarnation
    this.#running = true
    this.engine.begin(incarnation, this.#init.clock.now)
    this.#act()
  }

  stop (): void {
    this.#running = false
    this.#outboxes.clear()
    this.engine.end()
    this.#wakeAt = Infinity
  }

  set (name: string, value: Uint8Array): void {
    this.engine.set(name, value, this.#init.clock.now)
    this.#act()
  }

  /**
   * @param silently - without a greeting
   */
  join (position: number, nodeId: NodeId, silently: boolean): void {
    const outbox = this.engine.join(nodeId, this.#init.clock.now)
    this.#outboxes.set(position, outbox)
    this.#positions.set(outbox, position)

    if (silently) {
      outbox.comparedAt = -this.#init.settings.random() * 30_000
    } else {
      outbox.greet()
      this.#act()
    }
  }

  leave (position: number): void {
    const outbox = this.#outboxes.get(position)

    if (outbox != null) {
      this.#outboxes.delete(position)
      this.engine.leave(outbox.nodeId, this.#init.clock.now)
      this.#act()
    }
  }

  receive (from: number, message: StatusMessage): void {
    const outbox = this.#outboxes.get(from)

    if (outbox != null) {
      this.engine.receive(outbox, message, this.#init.clock.now)
      this.#act()
    }
  }

  /**
   * This node's record, with its neighbours.
   */
  introduce (): SealedRecord {
    const { notary, clock } = this.#init
    const neighbours = neighboursEntry(Array.from(this.#outboxes.values(), ({ nodeId }) => nodeId))
    this.engine.set(NEIGHBOURS_ENTRY, neighbours, clock.now)
    const { incarnation, seq, entries } = this.engine.record

    return notary.seal({ incarnation, seq, entries })
  }

  #createEngine (): StatusEngine {
    return new StatusEngine({
      ...this.#init.settings,
      notary: this.#init.notary,
      observer: {
        taken: () => {},
        changed: record => { this.onChange?.(record) },
        gone: ({ nodeId }) => { this.gone.push(nodeId) },
        equivocated: ({ nodeId }) => { this.equivocated.push(nodeId) },
        superseded: ({ incarnation }) => {
          this.#incarnation = Math.max(this.#incarnation, incarnation) + 1
          this.engine.begin(this.#incarnation, this.#init.clock.now)
        },
        refused: () => {}
      }
    })
  }

  /**
   * Says what there is to say, and wakes up when something is due.
   */
  #act (): void {
    for (const outbox of this.engine.takeBusy()) {
      this.#say(outbox)
    }

    this.#wake(this.engine.nextAt)
  }

  #say (outbox: Outbox): void {
    const { clock, send } = this.#init
    const position = this.#positions.get(outbox)

    // what waits for its time finds another neighbour in the place, or none
    if (position == null || this.#outboxes.get(position) !== outbox) {
      return
    }

    for (let message = outbox.next(clock.now); message != null; message = outbox.next(clock.now)) {
      send(position, message)
    }

    const wait = outbox.wait(clock.now) ?? 0

    if (wait > 0 && !this.#waiting.has(outbox)) {
      this.#waiting.add(outbox)
      clock.at(clock.now + wait, () => {
        this.#waiting.delete(outbox)
        this.#say(outbox)
      })
    }
  }

  #wake (at: number): void {
    if (at < this.#wakeAt) {
      this.#wakeAt = at
      this.#init.clock.at(at, () => {
        if (this.#wakeAt === at) {
          this.#wakeAt = Infinity
          this.engine.advance(this.#init.clock.now)
          this.#act()
        }
      })
    }
  }
}
