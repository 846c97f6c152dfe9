import { PeerLog } from '@fisco-libp2p/identity'
import { HandlerExistsError, NotFollowingError } from './errors.ts'
import type { Delivery, TopicHandler, TopicListener, TopicMessage } from './api.ts'
import type { Logger } from '@libp2p/interface'

interface Following {
  delivery: Delivery
  listeners: Set<TopicListener>
  handler?: TopicHandler

  /**
   * Followed without a listener: by somebody who looks at the events.
   */
  isPlain: boolean
}

/**
 * The topics that this node follows, by name, and who is told and asked here.
 */
export class Followings {
  private readonly followings = new Map<string, Following>()
  private readonly log: PeerLog

  constructor (log: Logger) {
    this.log = new PeerLog(log)
  }

  get size (): number {
    return this.followings.size
  }

  get names (): string[] {
    return [...this.followings.keys()].sort()
  }

  has (topic: string): boolean {
    return this.followings.has(topic)
  }

  add (topic: string, delivery: Delivery): void {
    this.followings.set(topic, { delivery, listeners: new Set(), isPlain: false })
  }

  /**
   * @returns false if it was not followed
   */
  delete (topic: string): boolean {
    return this.followings.delete(topic)
  }

  isReliable (topic: string): boolean {
    return this.followings.get(topic)?.delivery === 'reliable'
  }

  listen (topic: string, listener: TopicListener | undefined): void {
    const following = this.followings.get(topic)

    if (listener != null) {
      following?.listeners.add(listener)
    } else if (following != null) {
      following.isPlain = true
    }
  }

  /**
   * @returns whether that was the last one who wants to know
   */
  unlisten (topic: string, listener: TopicListener): boolean {
    const following = this.followings.get(topic)

    return following?.listeners.delete(listener) === true && following.listeners.size === 0 && !following.isPlain && following.handler == null
  }

  /**
   * Gives a message to the topic's listeners. What they throw is logged.
   */
  tell (message: TopicMessage): void {
    for (const listener of this.followings.get(message.topic)?.listeners ?? []) {
      call(listener, message).catch(err => {
        this.log.error(message.author, 'listener of topic %s failed for a message of node %s - %e', message.topic, message.author, err)
      })
    }
  }

  handlerOf (topic: string): TopicHandler | undefined {
    return this.followings.get(topic)?.handler
  }

  /**
   * @throws NotFollowingError, HandlerExistsError
   */
  handle (topic: string, handler: TopicHandler): void {
    const following = this.followings.get(topic)

    if (following == null) {
      throw new NotFollowingError(`Topic "${topic}" is not followed, so nobody would ask this node: call follow() first`)
    }

    if (following.handler != null) {
      throw new HandlerExistsError(`Topic "${topic}" has a handler: call unhandle() first`)
    }

    following.handler = handler
  }

  unhandle (topic: string): void {
    delete this.followings.get(topic)?.handler
  }
}

async function call (listener: TopicListener, message: TopicMessage): Promise<void> {
  // async: what a listener throws at once becomes a rejection as well
  await listener(message)
}
