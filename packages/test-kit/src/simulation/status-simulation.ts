import { decodeRecord, encodeMessage } from '@fisco-libp2p/status-seq'
import { SimulatedClock } from './clock.ts'
import { SimulatedNotaries } from './notary.ts'
import { SimulatedNode } from './simulated-node.ts'
import type { Links } from './topology.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusMessage } from '@fisco-libp2p/status-seq'

/**
 * Bytes that each frame costs besides its body: its length, yamux's header, a TLS 1.2 record with AES-GCM, and the headers of TCP and IPv4.
 */
export const FRAME_OVERHEAD = 4 + 12 + 29 + 40

/**
 * What a {@link StatusSimulation} is made of.
 */
export interface StatusSimulationInit {
  /**
   * Whose certificates all nodes show.
   */
  identity: Identity
  nodes: number
  links: Links

  /**
   * Numbers from 0 up to 1: the same ones give the same simulation.
   */
  random(): number

  /**
   * Milliseconds that each link takes each way.
   *
   * @default 20
   */
  delay?: number

  /**
   * Share of the pushes that do not arrive: messages with records of which none was asked for. On a real link none gets lost while its stream
   * lives; a neighbour that was skipped, because the owner named it but had lost the link, is as badly off.
   *
   * @default 0
   */
  lostPushes?: number

  /**
   * Milliseconds.
   *
   * @default 1000
   */
  interval?: number

  /**
   * Milliseconds.
   *
   * @default 600000
   */
  maxAge?: number

  /**
   * Whether all nodes know each other when it begins, and have told of their neighbours. Otherwise they meet when it begins.
   *
   * @default true
   */
  settled?: boolean
}

/**
 * What went over all links.
 */
export interface SimulatedTraffic {
  messages: number

  /**
   * Messages with records.
   */
  pushes: number
  records: number

  /**
   * With {@link FRAME_OVERHEAD} for each.
   */
  bytes: number
}

/**
 * Unix milliseconds at which simulations begin.
 */
const EPOCH = Date.UTC(2026, 0, 1)

/**
 * A network of nodes that run the real rules of `status-seq` (`StatusEngine`) in one process, without sockets and keys, on a clock of its own:
 * a function of its settings, for 2 to 5,000 nodes.
 */
export class StatusSimulation {
  readonly clock = new SimulatedClock()
  readonly nodes: SimulatedNode[]
  readonly traffic: SimulatedTraffic = { messages: 0, pushes: 0, records: 0, bytes: 0 }
  readonly #init: StatusSimulationInit
  readonly #links: Links
  readonly #open = new Set<string>()
  readonly #asked = new Set<string>()

  constructor (init: StatusSimulationInit) {
    const { nodes, links, random, interval = 1_000, maxAge = 600_000, settled = true } = init
    const notaries = new SimulatedNotaries(init.identity)
    const now = (): number => EPOCH + this.clock.now

    this.#init = init
    this.#links = links
    this.nodes = Array.from({ length: nodes }, (_, i) => new SimulatedNode({
      clock: this.clock,
      notary: notaries.create(`node${i}`, now),
      send: (to, message) => { this.#send(i, to, message) },
      settings: { interval, maxAge, maxNodes: nodes + 1, random }
    }))

    this.nodes.forEach((node, i) => { node.start(EPOCH + i) })
    links.forEach(([a, b]) => { this.connect(a, b, settled) })

    if (settled) {
      this.#settle()
    }
  }

  /**
   * Opens a link.
   *
   * @param silently - as if it had been there for long
   */
  connect (a: number, b: number, silently = false): void {
    if (!this.#open.has(key(a, b)) && this.nodes[a].running && this.nodes[b].running) {
      this.#open.add(key(a, b))
      this.nodes[a].join(b, this.nodes[b].nodeId, silently)
      this.nodes[b].join(a, this.nodes[a].nodeId, silently)
    }
  }

  /**
   * Closes a link. What is under way on it is lost.
   */
  disconnect (a: number, b: number): void {
    if (this.#open.delete(key(a, b))) {
      this.nodes[a].leave(b)
      this.nodes[b].leave(a)
    }
  }

  /**
   * Closes all links between nodes of two groups, or opens them again.
   */
  partition (isInOne: (node: number) => boolean, open = false): void {
    for (const [a, b] of this.#links) {
      if (isInOne(a) !== isInOne(b)) {
        open ? this.connect(a, b) : this.disconnect(a, b)
      }
    }
  }

  /**
   * Ends a node, and closes its links.
   */
  stop (node: number): void {
    this.#linksOf(node).forEach(([a, b]) => { this.disconnect(a, b) })
    this.nodes[node].stop()
  }

  /**
   * Starts it again, without anything that it knew.
   */
  restart (node: number): void {
    this.nodes[node].start(EPOCH + this.clock.now)
    this.#linksOf(node).forEach(([a, b]) => { this.connect(a, b) })
  }

  /**
   * Lets time pass.
   *
   * @param isDone - ends it earlier
   */
  run (milliseconds: number, isDone?: () => boolean): void {
    this.clock.run(this.clock.now + milliseconds, isDone)
  }

  /**
   * Lets time pass until all nodes that run have the same table, at most so long.
   *
   * @returns milliseconds, or undefined if they do not
   */
  converge (atMost: number): number | undefined {
    const start = this.clock.now

    while (this.clock.now - start < atMost) {
      if (this.isSettled()) {
        return this.clock.now - start
      }

      this.run(Math.max(1, (this.#init.delay ?? 20) / 4))
    }

    return this.isSettled() ? atMost : undefined
  }

  /**
   * Whether all nodes that run have the same table.
   */
  isSettled (): boolean {
    return new Set(this.nodes.filter(({ running }) => running).map(({ engine }) => engine.table.digest())).size <= 1
  }

  /**
   * Milliseconds until a change of one node is known to all that run, at most so long; undefined if it is not.
   */
  spread (owner: number, value: Uint8Array, atMost: number): number | undefined {
    const start = this.clock.now
    const { nodeId } = this.nodes[owner]
    const missing = new Set(this.nodes.filter(({ running }) => running))
    missing.forEach(node => {
      node.onChange = record => {
        if (record.nodeId === nodeId && Buffer.compare(record.entries.get('value') ?? new Uint8Array(), value) === 0) {
          missing.delete(node)
        }
      }
    })
    this.nodes[owner].set('value', value)
    this.run(atMost, () => missing.size === 0)
    this.nodes.forEach(node => { node.onChange = undefined })

    return missing.size === 0 ? this.clock.now - start : undefined
  }

  #send (from: number, to: number, message: StatusMessage): void {
    const { traffic } = this
    const { delay = 20, lostPushes = 0, random } = this.#init
    traffic.messages++
    traffic.pushes += message.records == null ? 0 : 1
    traffic.records += message.records?.length ?? 0
    traffic.bytes += encodeMessage(message).byteLength + FRAME_OVERHEAD

    if (lostPushes === 0 || this.#wasAskedFor(from, to, message) || random() >= lostPushes) {
      this.clock.at(this.clock.now + delay, () => { this.nodes[to].receive(from, message) })
    }
  }

  /**
   * Whether a message is none, or not only, a push.
   */
  #wasAskedFor (from: number, to: number, { request = [], records = [] }: StatusMessage): boolean {
    request.forEach(nodeId => { this.#asked.add(`${to} ${from} ${nodeId}`) })

    return records.length === 0 || records.filter(({ bytes }) => this.#asked.delete(`${from} ${to} ${decodeRecord(bytes).nodeId}`)).length > 0
  }

  /**
   * Gives everybody the records of all, with their neighbours.
   */
  #settle (): void {
    const sealed = this.nodes.map(node => node.introduce())

    for (const { engine } of this.nodes) {
      sealed.forEach(record => { engine.table.take(record, 0, this.clock.now) })
    }
  }

  #linksOf (node: number): Links {
    return this.#links.filter(link => link.includes(node))
  }
}

function key (a: number, b: number): string {
  return `${Math.min(a, b)} ${Math.max(a, b)}`
}
