import { BoundedMap } from '@fisco-libp2p/identity'
import { MAX_SEQUENCES } from './constants.ts'
import type { TopicsComponents } from './components.ts'

/**
 * Numbers the own messages: from 1, by one, for each topic. A topic that was dropped because there are too many goes on
 * above the highest number of all that were dropped, so that no number of a topic is used twice.
 */
export class Sequences {
  private readonly last: BoundedMap<string, number>
  private floor = 0

  constructor (limit: number = MAX_SEQUENCES) {
    this.last = new BoundedMap(limit, sequence => { this.floor = Math.max(this.floor, sequence) })
  }

  next (topic: string): number {
    const sequence = (this.last.get(topic) ?? this.floor) + 1

    this.last.set(topic, sequence)

    return sequence
  }
}

const known = new WeakMap<object, Sequences>()

/**
 * The numbers of the node that owns a datastore. They live as long as its incarnation, which is also found by the
 * datastore: a node that stops and starts again within a process keeps both, and uses no number twice.
 */
export function sequencesOf (components: Pick<TopicsComponents, 'datastore'>): Sequences {
  let sequences = known.get(components.datastore)

  if (sequences == null) {
    sequences = new Sequences()
    known.set(components.datastore, sequences)
  }

  return sequences
}
