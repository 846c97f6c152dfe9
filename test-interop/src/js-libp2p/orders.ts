/**
 * How a stock node is built.
 */
export interface StockSettings {
  /**
   * Its private key: libp2p's protobuf, in hex.
   */
  key: string

  /**
   * Of 127.0.0.1.
   */
  port: number

  /**
   * Whether gossipsub signs and wants signatures, as it does by default.
   */
  signed: boolean

  /**
   * Protocols of which it takes streams, and says how many bytes come.
   */
  protocols: string[]
}

/**
 * What a stock node can be told to do.
 */
export type Order =
  | { do: 'dial', address: string }
  | { do: 'ping' | 'agent', peer: string }
  | { do: 'subscribe' | 'subscribers', topic: string }
  | { do: 'publish', topic: string, data: string }
  | { do: 'exchange', peer: string, protocol: string, bytes: string }
  | { do: 'peers' | 'alone' | 'stop' }

/**
 * What a stock node says by itself.
 */
export type StockEvent =
  | { event: 'ready', peer: string, addresses: string[] }
  | { event: 'message', topic: string, data: string }
  | { event: 'received', protocol: string, bytes: number }
  | { event: 'subscription', peer: string, topic: string, subscribe: boolean }
