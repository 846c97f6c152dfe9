/**
 * As with certificates, `timeline` is what the raw and the upgraded connection share.
 */
const counters = new WeakMap<object, () => number>()

/**
 * Tells how many bytes have come in on a connection so far, of whatever protocol. For security transports: libp2p gives no such
 * number, and whoever watches over a link needs to know whether anything is heard on it.
 *
 * @param count - bytes since the handshake; it only grows
 */
export function setReceivedBytes (connection: { timeline: object }, count: () => number): void {
  counters.set(connection.timeline, count)
}

/**
 * How many bytes have come in on a connection since its handshake: undefined for one whose security transport does not tell.
 *
 * @param connection - a libp2p connection, upgraded or not
 */
export function getReceivedBytes (connection: { timeline: object }): number | undefined {
  return counters.get(connection.timeline)?.()
}

/**
 * Whether anything has come in on a connection since its handshake: if not, the other end may not have accepted it yet. A connection whose security transport does
 * not tell counts as heard.
 */
export function isHeard (connection: { timeline: object }): boolean {
  return getReceivedBytes(connection) !== 0
}
