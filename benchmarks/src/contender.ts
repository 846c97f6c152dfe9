import type { Lane } from '@fisco-libp2p/direct'

/**
 * One way to send messages from one process to another, to be measured.
 */
export interface Contender {
  /**
   * Starts the side that listens.
   *
   * @param credentials - of the side that listens
   */
  serve (credentials: Credentials): Promise<ContenderServer>

  /**
   * Prepares the side that dials.
   */
  client (credentials: Credentials): Promise<ContenderClient>
}

/**
 * Paths of the PEM files of one node, all made by one chain.
 */
export interface Credentials {
  key: string
  cert: string
  ca: string
}

/**
 * The side that answers.
 */
export interface ContenderServer {
  /**
   * Port of 127.0.0.1.
   */
  port: number
  close (): Promise<void>
}

/**
 * The side that asks.
 */
export interface ContenderClient {
  /**
   * Connects, so that requests may follow. Whoever is there is found out: that is how nodes are configured, and a node ID in the address costs
   * libp2p some more CPU.
   */
  connect (port: number): Promise<ContenderLink>
  close (): Promise<void>
}

/**
 * One connection, as its user sees it.
 */
export interface ContenderLink {
  /**
   * Sends a message and waits for the answer, which is the same message.
   *
   * @param lane - only for contenders that have lanes
   */
  request (body: Uint8Array, lane?: Lane): Promise<Uint8Array>

  /**
   * Has bytes sent to it, without end. Only contenders that have lanes do.
   */
  pull? (lane: Lane): AsyncIterable<Uint8Array>

  /**
   * Sends the same message many times.
   *
   * @returns when the other side says that it has all of them
   */
  push (body: Uint8Array, count: number): Promise<void>
  close (): Promise<void>
}
