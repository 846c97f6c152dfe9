/**
 * Ceiling of the delay before the first repeated dial, in milliseconds. Delays are drawn between 0 and the ceiling, so
 * a peer that restarts is tried again after a quarter of a second on average.
 */
export const DEFAULT_MIN_DELAY = 500

/**
 * Ceiling of every later delay, in milliseconds: a peer that comes back after a long absence waits 15 s on average, and
 * a node whose 100 peers are all away dials about 7 times a second.
 */
export const DEFAULT_MAX_DELAY = 30_000

/**
 * Over how long, in milliseconds, first dials are spread: so much for each peer that is not connected, beyond the first. It is about
 * the CPU that a handshake takes, so it does not make a node that dials many peers any slower.
 */
export const SPREAD_PER_PEER = 10
export const MAX_SPREAD = 1_000

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
 * How many dials may be in their handshake at a time. A handshake takes some 30 ms where there is CPU for it, so these are over a hundred
 * a second.
 */
export const ACTIVE_DIALS = 3

/**
 * How long, in milliseconds, a dial counts as such: until the other end answers, and from then on. Addresses that swallow every
 * packet, and processes that stand still behind a port that is open, hold up the others no longer than that.
 */
export const ANSWER_TIME = 500
export const HANDSHAKE_TIME = 5_000

/**
 * Progress event of the TLS-first transport: the other end has answered, and the handshake begins.
 */
export const HANDSHAKE_EVENT = 'fisco-tls:handshake'

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
 * How long, in milliseconds, a connection that is given up goes on for the sake of streams that do not end by themselves.
 */
export const DRAIN_TIMEOUT = 2_000

/**
 * How long, in milliseconds, it goes on at most, so that exchanges which run over it can end: longer than most wait for an answer.
 */
export const DRAIN_LIMIT = 60_000

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
 * Protocol id of what the two ends of a link tell each other about it (docs/PROTOCOLS.md, "Heartbeat and farewell").
 */
export const LINK_PROTOCOL = '/fisco/link/1.0.0'

/**
 * Protocols that run on each new connection by themselves: they do not mean that somebody uses it.
 */
export const HOUSEKEEPING_PROTOCOLS: readonly string[] = ['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', LINK_PROTOCOL]

/**
 * Beginnings of protocols of which a connection always has streams: they do not end, and whoever keeps them opens others on the connection that stays.
 */
export const LASTING_PROTOCOLS: readonly string[] = ['/fisco/status-seq/', '/meshsub/', '/floodsub/']

/**
 * Frames of the link protocol that a peer may send between two looks at its connection: an honest one sends a heartbeat and an
 * answer, a few more while a connection is probed.
 */
export const MAX_FRAMES_PER_LOOK = 64

/**
 * Bytes on a heartbeat's stream that wait to be sent, beyond which nothing is added: the other end does not read.
 */
export const MAX_UNSENT_BYTES = 1_024

/**
 * How long, in milliseconds, nothing may be heard on a connection whose peer has opened another one. Shorter than
 * `DRAIN_TIMEOUT`: what is dead is gone before the other one is given up for its sake.
 */
export const PROBE_TIMEOUT = 1_500

/**
 * How old, in milliseconds, a connection must be to be probed when a second one comes. Two that were opened at about the
 * same time are simultaneous dials, and both are alive.
 */
export const MIN_PROBE_AGE = 5_000

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

/**
 * Milliseconds within which a farewell must be on its way, and milliseconds that the connections of a node have after it which may not be connected any more.
 */
export const FAREWELL_TIMEOUT = 250
export const EXPULSION_TIMEOUT = 250
