import { decodeMessage, encodeMessage, Exchange, Fetcher, identityNotary, Outbox, sealRecord, StatusTable } from '@fisco-libp2p/status-seq'
import { bytes } from './records.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { RecordRefusal, SealedRecord, SignedRecord, StatusMessage } from '@fisco-libp2p/status-seq'

/**
 * A node without libp2p: the parts that decide, and messages that are handed over by hand.
 */
export class PureNode {
  readonly identity: Identity
  readonly nodeId: NodeId
  readonly table: StatusTable
  readonly outboxes = new Map<NodeId, Outbox>()
  readonly refused: RecordRefusal[] = []
  readonly superseded: SealedRecord[] = []
  readonly equivocations: Array<[SealedRecord, SignedRecord]> = []
  readonly taken: NodeId[] = []
  readonly exchange: Exchange
  readonly fetcher: Fetcher

  constructor (identity: Identity, { maxNodes = 100, maxAge = 100_000 } = {}) {
    this.identity = identity
    this.nodeId = identity.nodeId
    this.table = new StatusTable({ maxNodes, maxAge })
    this.fetcher = new Fetcher(maxNodes)
    this.exchange = new Exchange({
      notary: identityNotary(identity),
      maxAge,
      table: this.table,
      fetcher: this.fetcher,
      outboxes: () => this.outboxes.values(),
      onTaken: sealed => { this.taken.push(sealed.nodeId) },
      onEquivocation: (kept, other) => { this.equivocations.push([kept, other]) },
      onSuperseded: sealed => { this.superseded.push(sealed) },
      onRefused: rule => { this.refused.push(rule) }
    })
  }

  set (seq: number, value: string, now = 0, incarnation = 1_000): SealedRecord {
    const sealed = sealRecord(this.identity, { incarnation, seq, entries: new Map([['name', bytes(value)]]) })

    this.table.take(sealed, 0, now)
    this.exchange.spread(sealed)

    return sealed
  }

  value (node: { nodeId: NodeId }): string | undefined {
    const value = this.table.get(node.nodeId)?.record.entries.get('name')

    return value == null ? undefined : Buffer.from(value).toString()
  }

  outbox (node: { nodeId: NodeId }): Outbox {
    const outbox = this.outboxes.get(node.nodeId)

    if (outbox == null) {
      throw new Error('The nodes are not connected')
    }

    return outbox
  }
}

/**
 * What went over one link.
 */
export interface Delivery {
  from: PureNode
  to: PureNode
  message: StatusMessage
}

/**
 * Nodes, links between them, and a clock.
 */
export class PureNetwork {
  readonly nodes: PureNode[] = []
  readonly log: Delivery[] = []
  now = 0

  add (identity: Identity, options?: { maxNodes?: number, maxAge?: number }): PureNode {
    const node = new PureNode(identity, options)

    this.nodes.push(node)

    return node
  }

  connect (a: PureNode, b: PureNode): void {
    for (const [one, other] of [[a, b], [b, a]]) {
      const outbox = new Outbox(other.nodeId, one.nodeId, one.table)

      one.outboxes.set(other.nodeId, outbox)
      outbox.greet()
    }
  }

  disconnect (a: PureNode, b: PureNode): void {
    a.outboxes.delete(b.nodeId)
    b.outboxes.delete(a.nodeId)
  }

  remove (node: PureNode): void {
    for (const other of this.nodes) {
      if (node.outboxes.has(other.nodeId)) {
        this.disconnect(node, other)
      }
    }

    this.nodes.splice(this.nodes.indexOf(node), 1)
  }

  /**
   * One timed announcement from everyone to every neighbour, and what follows from it, at one moment.
   */
  announce (): void {
    for (const node of this.nodes) {
      node.outboxes.forEach(outbox => { outbox.announce() })
    }

    this.settle()
  }

  /**
   * Delivers until nobody has anything to say at this moment.
   *
   * @param lost - says which messages do not arrive
   */
  settle (lost: (delivery: Delivery) => boolean = () => false): void {
    for (let busy = true; busy;) {
      busy = false

      for (const from of this.nodes) {
        for (const [nodeId, outbox] of from.outboxes) {
          const message = outbox.next(this.now)
          const to = this.nodes.find(node => node.nodeId === nodeId)

          if (message != null && to != null) {
            busy = true
            this.deliver({ from, to, message }, lost)
          }
        }
      }
    }
  }

  /**
   * Lets time pass, with what nodes do as it does.
   */
  pass (milliseconds: number, step = 1_000): void {
    for (const end = this.now + milliseconds; this.now < end;) {
      this.now = Math.min(end, this.now + step)

      for (const node of this.nodes) {
        this.exchangeExpired(node)
      }

      this.announce()
    }
  }

  private exchangeExpired (node: PureNode): void {
    node.exchange.ask(node.fetcher.expired(nodeId => node.table.get(nodeId), this.now))
  }

  private deliver (delivery: Delivery, lost: (delivery: Delivery) => boolean): void {
    this.log.push(delivery)

    if (!lost(delivery)) {
      // over the wire, as bytes
      const message = decodeMessage(encodeMessage(delivery.message))

      delivery.to.exchange.receive(delivery.to.outbox(delivery.from), message, this.now)
    }
  }
}
