import { InvalidParametersError, NotStartedError } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import type { Member } from './status.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions } from '@libp2p/interface'

/**
 * Those who wait until a node is connected.
 */
export class Waiters {
  readonly #self: NodeId
  readonly #waiting = new Set<PromiseWithResolvers<Member> & { nodeId: NodeId }>()

  /**
   * @param self - the node that nobody can wait for: it is never connected with itself
   */
  constructor (self: NodeId) {
    this.#self = self
  }

  /**
   * @param members - who is connected now
   */
  async for (nodeId: NodeId, members: readonly Member[], { signal }: AbortOptions = {}): Promise<Member> {
    const member = members.find(member => member.nodeId === nodeId)

    if (member != null) {
      return member
    }

    if (nodeId === this.#self) {
      throw new InvalidParametersError('a node is not connected with itself: this is its own node ID')
    }

    const waiter = { nodeId, ...Promise.withResolvers<Member>() }
    this.#waiting.add(waiter)

    try {
      return await raceSignal(waiter.promise, signal)
    } finally {
      this.#waiting.delete(waiter)
    }
  }

  connected (member: Member): void {
    this.#waiting.forEach(({ nodeId, resolve }) => {
      if (nodeId === member.nodeId) {
        resolve(member)
      }
    })
  }

  /**
   * Nobody will be connected any more.
   */
  stop (): void {
    this.#waiting.forEach(({ reject }) => { reject(new NotStartedError('the node was stopped before the other one was connected')) })
  }
}
