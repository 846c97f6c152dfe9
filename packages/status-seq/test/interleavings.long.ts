import { StatusEngine } from '@fisco-libp2p/status-seq'
import { createIdentities, SimulatedNotaries } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { Notary, Outbox, StatusMessage } from '@fisco-libp2p/status-seq'

const EVENTS = ['set', 'hear', 'restart', 'hear'] as const
const NODES = [0, 1, 2] as const
const LINKS = [[0, 1], [1, 2]] as const

/**
 * Milliseconds between two events: within the times in which pushes are collected, and count as under way.
 */
const STEP = 60

interface Place {
  engine: StatusEngine
  outboxes: Map<number, Outbox>
  inbox: Array<{ from: number, message: StatusMessage }>
  incarnation: number
  value: number
}

/**
 * Three nodes in a line, whose every event is done by hand.
 */
class SmallNetwork {
  now = 0
  readonly places: Place[]
  readonly #notaries: Notary[]

  constructor (notaries: Notary[]) {
    this.#notaries = notaries
    this.places = NODES.map(node => this.#place(node, 1_000, 0))
    LINKS.forEach(([a, b]) => { this.#connect(a, b) })
  }

  event (node: number, kind: typeof EVENTS[number]): void {
    const place = this.places[node]
    this.now += STEP

    if (kind === 'set') {
      // several times, so that the seq is higher than after a restart
      for (let i = 0; i < 3; i++) {
        place.engine.set('value', Uint8Array.of(++place.value), this.now)
      }
    } else if (kind === 'hear') {
      this.#hear(node)
    } else {
      this.#restart(node)
    }

    this.places.forEach(({ engine }) => { engine.advance(this.now) })
    this.#speak()
  }

  /**
   * Until nobody has anything to say, with timers.
   */
  settle (): void {
    for (let quiet = 0; quiet < 3;) {
      this.now += 250
      this.places.forEach(({ engine, outboxes }) => {
        engine.advance(this.now)
        outboxes.forEach(outbox => { outbox.announce() })
      })
      this.#speak()
      NODES.forEach(node => { this.#hear(node) })
      this.#speak()
      quiet = new Set(this.places.map(({ engine }) => engine.table.digest())).size === 1 ? quiet + 1 : 0
      expect(this.now).to.be.below(100_000)
    }
  }

  #place (node: number, incarnation: number, value: number): Place {
    const engine = new StatusEngine({
      notary: this.#notaries[node],
      interval: 1_000,
      maxAge: 600_000,
      maxNodes: 10,
      random: () => 0.5,
      observer: {
        taken: () => {},
        changed: () => {},
        gone: () => { expect.fail('a node was dropped') },
        equivocated: () => { expect.fail('an honest node was said to have signed two records') },
        superseded: () => { expect.fail('a node was superseded, although its incarnation had grown') },
        refused: () => { expect.fail('a record was refused') }
      }
    })
    engine.begin(incarnation, this.now)

    return { engine, outboxes: new Map(), inbox: [], incarnation, value }
  }

  #connect (a: number, b: number): void {
    for (const [one, other] of [[a, b], [b, a]]) {
      const outbox = this.places[one].engine.join(this.#notaries[other].nodeId, this.now)
      this.places[one].outboxes.set(other, outbox)
      outbox.greet()
    }
  }

  /**
   * What it knew is lost, and what is under way to it and from it.
   */
  #restart (node: number): void {
    const { incarnation, value, outboxes } = this.places[node]
    const others = [...outboxes.keys()]

    for (const other of others) {
      this.places[other].inbox = this.places[other].inbox.filter(({ from }) => from !== node)
      this.places[other].outboxes.delete(node)
      this.places[other].engine.leave(this.#notaries[node].nodeId, this.now)
    }

    this.places[node] = this.#place(node, incarnation + 1, value)
    this.places[node].engine.set('value', Uint8Array.of(value), this.now)
    others.forEach(other => { this.#connect(node, other) })
  }

  #hear (node: number): void {
    const { engine, outboxes, inbox } = this.places[node]

    for (const { from, message } of inbox.splice(0)) {
      const outbox = outboxes.get(from)

      if (outbox != null) {
        engine.receive(outbox, message, this.now)
      }
    }
  }

  #speak (): void {
    this.places.forEach(({ outboxes }, from) => {
      for (const [to, outbox] of outboxes) {
        for (let message = outbox.next(this.now); message != null; message = outbox.next(this.now)) {
          this.places[to].inbox.push({ from, message })
        }
      }
    })
  }
}

/**
 * Every order of the events of all nodes, in which those of each node keep theirs.
 */
function * interleavings (left: readonly number[]): Generator<number[]> {
  if (left.every(count => count === 0)) {
    yield []
  }

  for (const node of NODES) {
    if (left[node] > 0) {
      for (const rest of interleavings(left.map((count, i) => i === node ? count - 1 : count))) {
        yield [node, ...rest]
      }
    }
  }
}

describe('three nodes in a line', () => {
  it('come to the same table after every interleaving of four events each', async () => {
    const [identity] = await createIdentities(1, { keyType: 'ed25519' })
    const notaries = new SimulatedNotaries(identity)
    const members = NODES.map(node => notaries.create(`node${node}`, () => Date.UTC(2026, 0, 1)))
    let count = 0

    for (const order of interleavings(NODES.map(() => EVENTS.length))) {
      const network = new SmallNetwork(members)
      const done = NODES.map(() => 0)
      order.forEach(node => { network.event(node, EVENTS[done[node]++]) })
      network.settle()
      count++

      for (const { engine } of network.places) {
        const seen = members.map(({ nodeId }) => engine.table.get(nodeId))

        expect(seen.map(sealed => sealed?.incarnation), order.join()).to.deep.equal([1_001, 1_001, 1_001])
        expect(seen.map(sealed => sealed?.record.entries.get('value')?.[0]), order.join()).to.deep.equal([3, 3, 3])
      }
    }

    // 12! / (4! 4! 4!)
    expect(count).to.equal(34_650)
  })
})
