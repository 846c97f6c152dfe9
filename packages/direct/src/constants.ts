/**
 * Protocol id of the stream that carries the exchanges with a peer on the default lane (docs/PROTOCOLS.md, "Unicast").
 */
export const DIRECT_PROTOCOL = '/fisco/direct/1.0.0'

/**
 * Most bytes of a message in one frame. A longer message is cut, so that others get their turn after at most this much.
 */
export const MAX_PART_LENGTH = 64 * 1024

/**
 * Fewest bytes in a frame that is not the last of its message: without it, a peer could make us handle a message byte by
 * byte.
 */
export const MIN_PART_LENGTH = 1024

/**
 * Longest name of a handler, in bytes of UTF-8: its length is one byte on the wire.
 */
export const MAX_NAME_LENGTH = 255

/**
 * Longest explanation in an error, in UTF-16 code units, and the bytes of UTF-8 that this can take.
 */
export const MAX_ERROR_TEXT = 256
export const MAX_ERROR_TEXT_BYTES = MAX_ERROR_TEXT * 3

/**
 * Longest frame, without its own length field: the header of a request with the longest name, and a full part.
 */
export const MAX_FRAME_LENGTH = 15 + MAX_NAME_LENGTH + MAX_PART_LENGTH

/**
 * FISCO BCOS's own limit on a P2P message. A total above it is a violation of the protocol; one above the limit that this node
 * is configured with is refused politely, because nodes may be configured differently.
 */
export const MAX_MESSAGE_SIZE_CEILING = 100 * 1024 * 1024

/**
 * Messages above it deserve a decision: one of them is held in memory at both ends.
 */
export const DEFAULT_MAX_MESSAGE_SIZE = 4 * 1024 * 1024

/**
 * As FISCO BCOS's AMOP. In milliseconds.
 */
export const DEFAULT_TIMEOUT = 30_000

/**
 * Longest timeout, in milliseconds: what a peer asks for is clamped to it. Nobody waits longer than an hour for an answer.
 */
export const MAX_TIMEOUT = 3_600_000

/**
 * How many messages of more than one frame may be under way at once in one direction of a stream; the others wait for their turn
 * at the sender. It bounds what a receiver has to assemble.
 */
export const MAX_UNFINISHED = 8

/**
 * What one side of a streaming exchange may send before the other side has taken some of it, in bytes: each chunk costs its length and an overhead, so that a
 * peer cannot have any number of tiny ones kept. Four parts, so that some are on their way while others are handled.
 */
export const STREAM_WINDOW = 4 * MAX_PART_LENGTH
export const CHUNK_OVERHEAD = 64

/**
 * Streaming exchanges that one side may have open at once on a stream: 8 MiB are kept for them at most.
 */
export const MAX_STREAMING = 32

/**
 * Requests to one peer that may wait for their answers at once. Lower than what a peer accepts, so an honest caller is never
 * refused for it.
 */
export const DEFAULT_MAX_IN_FLIGHT = 1024

/**
 * Handlers that run at once on behalf of one peer.
 */
export const DEFAULT_MAX_CONCURRENT_PER_PEER = 256

/**
 * Calls of one handler that run at once, for all peers together.
 */
export const DEFAULT_MAX_CONCURRENT = 1024

/**
 * Requests and notifications of one peer that may wait for a handler besides those that run, see {@link DEFAULT_MAX_IN_FLIGHT}.
 */
export const MAX_WAITING = 1024

/**
 * Bytes of requests and notifications, running and waiting, after which a peer is not read from until some are done.
 */
export const DEFAULT_MAX_INCOMING_BYTES = 16 * 1024 * 1024

/**
 * Bytes of answers that a peer has not taken yet, after which no handler is started for it.
 */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/**
 * Answers that a peer has not taken yet, after which its stream is given up: it asks and does not listen.
 */
export const MAX_ANSWERS = 4096

/**
 * Own requests and notifications to one peer that are not handed to the stream yet: bytes (the caller's own memory, not a
 * copy) and count.
 */
export const DEFAULT_MAX_QUEUE_BYTES = 64 * 1024 * 1024
export const DEFAULT_MAX_QUEUE_LENGTH = 4096

/**
 * Bytes handed to the stream at once. What is handed over cannot be overtaken any more, so it is not more than two parts.
 */
export const BATCH_LENGTH = 2 * MAX_PART_LENGTH

/**
 * How far a lane may be ahead of its reader while a more urgent lane is in use: one part is on its way while others are read. With more, the more
 * urgent lane waits longer, and the less urgent one is not faster; with less, it is much slower.
 */
export const MAX_UNREAD = 192 * 1024

/**
 * A reader says so after each so many bytes.
 */
export const ACK_LENGTH = 64 * 1024

/**
 * How long a lane counts as in use after something travelled on it, in milliseconds: longer than the rounds of a consensus protocol.
 */
export const LANE_ACTIVE_TIME = 1_000

/**
 * Messages up to this length are not compressed, as in FISCO BCOS.
 */
export const MIN_COMPRESSED_LENGTH = 1024

/**
 * The first byte of a message of a protocol that compresses: whether it is as it was, or compressed.
 */
export const PLAIN_MARK = 0
export const COMPRESSED_MARK = 1

/**
 * Calls of a protocol that compresses that run at once, of all peers together, if it does not say: what they take when decompressed is not bounded otherwise.
 */
export const DEFAULT_MAX_CONCURRENT_COMPRESSED = 16

/**
 * Most bytes a second that a limit can allow: 100 Gbit/s.
 */
export const MAX_BANDWIDTH = 12_500_000_000

/**
 * Names of handlers under which messages of a peer are counted.
 */
export const MAX_TRAFFIC_NAMES = 256

/**
 * Parts up to this size are copied beside their header: the copy costs less than another entry in a list of buffers.
 */
export const INLINE_LENGTH = 2048

/**
 * Headers and small parts are written into memory of this size, taken at once because allocating is slow; one serves all
 * peers.
 */
export const SLAB_LENGTH = 32 * 1024

/**
 * Streams of one lane that a connection may have, per direction: one in use, others while they drain.
 */
export const MAX_STREAMS = 4

/**
 * What a paused stream may have been sent already: the largest receive window of yamux, and some slack. libp2p would reset the
 * stream at 4 MiB.
 */
export const MAX_READ_BUFFER_LENGTH = 17 * 1024 * 1024

/**
 * How long opening a stream may take, as libp2p's own protocol negotiation. In milliseconds.
 */
export const OPEN_TIMEOUT = 10_000

/**
 * How long a drained stream may take to be closed by the other side as well: as long as that takes to handle what it was sent. In milliseconds.
 */
export const DRAIN_TIMEOUT = 60_000

/**
 * Name of a request that nobody handles: its answer says that the other side has read what was sent before it.
 */
export const FENCE_NAME = 'fisco/fence'

/**
 * How often, in milliseconds, it is looked which of several connections to a peer is to be used.
 */
export const CHOICE_INTERVAL = 500

/**
 * How long, in milliseconds, streams stay open on a connection that is not used any more: until the other side uses the other one as well, and expects no answers here.
 */
export const LEAVE_GRACE = 2_000

/**
 * How long stopping waits for streams to end in good order. In milliseconds.
 */
export const STOP_TIMEOUT = 250

/**
 * Deadlines are kept in buckets of this many milliseconds, so that one timer serves all of them.
 */
export const DEADLINE_TICK = 10
