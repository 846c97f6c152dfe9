import type { Credentials } from '../contender.ts'

/**
 * A node that broadcasts, to be measured.
 */
export interface BroadcastNode {
  address: string
  connect (address: string): Promise<void>

  /**
   * How many nodes it will send to by itself.
   */
  neighbours (): number
  broadcast (data: Uint8Array): Promise<void>

  /**
   * What came in since it was asked last.
   */
  traffic (): Traffic
  close (): Promise<void>
}

export interface Traffic {
  /**
   * Messages, with every copy.
   */
  copies: number

  /**
   * Notices, questions and wishes of gossipsub, by the ID where they list several.
   */
  control: number
}

/**
 * @param onMessage - is told of each message that the node gets, once
 */
export type StartBroadcastNode = (credentials: Credentials, onMessage: (data: Uint8Array) => void) => Promise<BroadcastNode>
