import type { HistoryLimits } from './history.ts'

/**
 * Settings of `topics()`. All times in milliseconds, 1 to 3,600,000.
 */
export interface TopicsInit {
  /**
   * How long a request takes at most, tries at all followers together.
   *
   * @default 10000
   */
  requestTimeout?: number

  /**
   * How long a request waits for one follower before it asks the next.
   *
   * @default 3000
   */
  tryTimeout?: number

  /**
   * How long a message waits for the status record of an author that is not known yet.
   *
   * @default 2000
   */
  holdTimeout?: number

  /**
   * How often gossipsub's streams are looked at.
   *
   * @default 1000
   */
  watchdogInterval?: number

  /**
   * How long a connected peer may be without such a stream before it is repaired.
   *
   * @default 3000
   */
  watchdogGrace?: number

  /**
   * How long `publish` waits for the confirmations that it was asked for.
   *
   * @default 10000
   */
  ackTimeout?: number

  /**
   * What is kept of topics that are reliable here, for those who missed something: messages and bytes of each topic, and bytes of all.
   *
   * @default 10000 messages or 16 MiB of each topic, 256 MiB of all
   */
  history?: HistoryLimits

  /**
   * Topics that only some nodes may publish to or follow, by name. Every node of the network should have the same lists: each one judges by its own.
   *
   * @default none
   */
  restricted?: Readonly<Record<string, RestrictedTopic>>

  /**
   * Picks the follower that is asked first: 0 to below 1.
   *
   * @default Math.random
   */
  random? (): number
}

/**
 * Who may use a topic: node IDs, and agencies as `agency:` and the SHA-256 of the agency's public key (its SubjectPublicKeyInfo in DER) in 64 hexadecimal digits, for
 * all nodes whose certificates it issued. At most 1,000 entries in a list.
 */
export interface RestrictedTopic {
  followers: readonly string[]

  /**
   * @default followers
   */
  publishers?: readonly string[]
}
