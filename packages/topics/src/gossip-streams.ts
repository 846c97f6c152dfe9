import type { Connection, Stream } from '@libp2p/interface'

/**
 * The streams of gossipsub among those of some connections.
 *
 * @param protocols - the protocols of gossipsub
 */
export function gossipStreams (connections: Connection[], protocols: string[]): Stream[] {
  return connections.flatMap(({ streams }) => streams).filter(({ protocol }) => protocols.includes(protocol))
}

/**
 * Whether gossipsub sends on a stream.
 */
export function isOutgoing (stream: Stream): boolean {
  return stream.direction === 'outbound' && stream.writeStatus === 'writable'
}
