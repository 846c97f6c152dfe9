/**
 * Ceiling of the delay before the first repeated dial, in milliseconds. Delays are drawn between 0 and the ceiling, so
 * a peer that restarts is tried again after half a second on average.
 */
export const DEFAULT_MIN_DELAY = 1_000

/**
 * Ceiling of every later delay, in milliseconds: a peer that comes back after a long absence waits 15 s on average, and
 * a node whose 100 peers are all away dials about 7 times a second.
 */
export const DEFAULT_MAX_DELAY = 30_000

/**
 * A link that lived this long, in milliseconds, was a good one: the next delay starts from the beginning. A peer that
 * accepts connections only to close them at once is not dialled without a pause.
 */
export const DEFAULT_STABLE_AFTER = 5_000

/**
 * How long one dial may take, handshake included, in milliseconds: what libp2p gives a dial.
 */
export const DEFAULT_DIAL_TIMEOUT = 10_000

/**
 * How many addresses are dialled at the same time. Addresses that swallow every packet hold a place for the whole dial
 * timeout, so there are many; each costs a socket and, when it answers, a handshake.
 */
export const DEFAULT_MAX_CONCURRENT_DIALS = 32

/**
 * How many addresses may be configured: FISCO BCOS's `max_nodes_limit`.
 */
export const DEFAULT_MAX_ADDRESSES = 100

/**
 * Highest value of `maxAddresses`: each address has a timer and, when connected, a socket.
 */
export const MAX_ADDRESSES = 1_000

/**
 * Highest value of every delay and timeout, in milliseconds: one hour. A node that dials less often than this does not
 * come back in any useful time.
 */
export const MAX_DELAY = 3_600_000

/**
 * How long, in milliseconds, nothing may be heard on a link before it is cut.
 */
export const DEFAULT_LINK_TIMEOUT = 15_000

/**
 * Lowest value of `linkTimeout`, in milliseconds: below it the pauses of an ordinary, busy process would cut links.
 */
export const MIN_LINK_TIMEOUT = 1_000

/**
 * How long, in milliseconds, a peer that refused for good is left alone: an operator who lifts a denial sees the node come
 * back within minutes, and until then it costs its peer a handshake every few minutes.
 */
export const DEFAULT_REFUSED_DELAY = 600_000

/**
 * Highest value of `refusedDelay`, in milliseconds: one day.
 */
export const MAX_REFUSED_DELAY = 86_400_000

/**
 * How many nodes may be connected where nothing else is said: twice the most that FISCO BCOS can be configured with.
 */
export const DEFAULT_MAX_MEMBERS = 200

/**
 * Highest value of `maxMembers`: each has a socket.
 */
export const MAX_MEMBERS = 10_000

/**
 * How long, in milliseconds, a connection that is given up may go on so that exchanges which run over it can end.
 */
export const DRAIN_TIMEOUT = 2_000

/**
 * How often, in milliseconds, it is looked whether a connection that is given up is still used. The first look is also
 * what gives both ends the time to have both connections open.
 */
export const DRAIN_INTERVAL = 50

/**
 * How long, in milliseconds, a write to the peer store may take.
 */
export const PEER_STORE_TIMEOUT = 5_000

/**
 * Protocols that libp2p runs on each new connection by itself: they do not mean that somebody uses it.
 */
export const HOUSEKEEPING_PROTOCOLS: readonly string[] = ['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0']

/**
 * Tag of configured peers in the peer store. libp2p closes connections of peers with a low sum of tags first when there
 * are more than `maxConnections`.
 */
export const PEER_TAG = 'fisco-peers:configured'
export const PEER_TAG_VALUE = 100

/**
 * Longest text of an error that is kept and shown, in characters: it may come from the other end.
 */
export const MAX_ERROR_LENGTH = 512
