/**
 * The protocol by which neighbours exchange status records (docs/PROTOCOLS.md, "Status").
 */
export const STATUS_SEQ_PROTOCOL = '/fisco/status-seq/1.0.0'

/**
 * Version of the record format, and of the signature over it.
 */
export const RECORD_VERSION = 1

/**
 * Names of entries that begin so belong to the stack itself (`fisco/topics`: the topics that a node follows). Applications
 * keep clear of them.
 */
export const RESERVED_PREFIX = 'fisco/'

/**
 * Longest name of an entry, in bytes of UTF-8: names travel in every record.
 */
export const MAX_NAME_BYTES = 64

/**
 * Longest value of an entry, in bytes: a quarter of a record, so that one entry cannot crowd out the others.
 */
export const MAX_VALUE_BYTES = 16 * 1024

/**
 * Most entries of a record: each costs a map entry on every node of the network.
 */
export const MAX_ENTRIES = 256

/**
 * Longest encoded record, in bytes. With a certificate chain of 16 KiB it fits into one frame.
 */
export const MAX_RECORD_BYTES = 64 * 1024

/**
 * Longest signature, in bytes: RSA with 8,192 bits.
 */
export const MAX_SIGNATURE_BYTES = 1024

/**
 * Longest frame, in bytes, without its length prefix.
 */
export const MAX_FRAME_BYTES = 128 * 1024

/**
 * Bytes of a frame that are filled with records or numbers before the next one is begun: what a receiver verifies at a
 * stretch stays short, and the last item may overshoot by its own size without reaching {@link MAX_FRAME_BYTES}.
 */
export const FRAME_FILL_BYTES = 32 * 1024

/**
 * Most numbers in one list, and node IDs in one request: as the schema in pb/messages.proto limits them.
 */
export const MAX_NUMBERS = 1024
export const MAX_REQUESTED = 256

/**
 * Length of a record's hash in bytes: SHA-256.
 */
export const HASH_BYTES = 32

/**
 * Length of a digest over records, in bytes: the beginning of a SHA-256. Who makes two sets of its own records with one digest, which takes 2^64
 * tries, hides a difference between its own records.
 */
export const DIGEST_BYTES = 16

/**
 * A range in which digests differ is cut into so many parts, or listed if there are no more nodes than this in it.
 */
export const COMPARE_PARTS = 16
export const LIST_SIZE = 8

/**
 * Ranges that are to be compared with one neighbour, and lists and comparisons in one message. What is beyond that comes with a later digest.
 */
export const MAX_RANGES = 256

/**
 * Parts of comparisons, and lists, that of one neighbour are looked at at a stretch, and per second afterwards.
 */
export const COMPARE_BURST = 2_048
export const COMPARE_PER_SECOND = 256

/**
 * How many records of a range cost as much as one part, or list, more.
 */
export const RECORDS_PER_COMPARISON = 16

/**
 * Nodes for which is remembered which record and which chain one neighbour has, and neighbours, gone ones included, of which is remembered what they have used up.
 */
export const MAX_REMEMBERED = 1_024

/**
 * Milliseconds between two timed announcements.
 */
export const DEFAULT_INTERVAL = 1_000

/**
 * Share of the interval by which it is made longer or shorter at random, so that the nodes of a network do not speak
 * at the same moment.
 */
export const INTERVAL_JITTER = 0.25

/**
 * How many neighbours a timed announcement goes to, and after how many milliseconds each of them gets one, unless it has announced the same itself;
 * at most so many of those at a time.
 */
export const ANNOUNCE_FANOUT = 3
export const ANNOUNCE_EVERYONE = 30_000
export const MAX_OVERDUE = 64

/**
 * The first announcement after news comes after this share of the interval; the pauses double up to so many intervals while there are none.
 */
export const FIRST_PAUSE = 0.25
export const LONGEST_PAUSE = 8

/**
 * Intervals for which changes of the list of neighbours are collected before they are told.
 */
export const NEIGHBOURS_DELAY = 2

/**
 * Intervals between two looks at whose record has aged or expired.
 */
export const AGE_INTERVALS = 4

/**
 * Name of the status entry with a node's software, as `name/version`.
 */
export const VERSION_ENTRY = 'fisco/version'

/**
 * Name of the status entry with the multiaddrs that a node listens on, one in a line; and how many there are at most.
 */
export const ADDRESSES_ENTRY = 'fisco/addresses'
export const MAX_ADDRESSES = 16

/**
 * Name of the status entry that lists a node's neighbours, and the bytes of each in it: the beginning of the SHA-256 of its node ID.
 */
export const NEIGHBOURS_ENTRY = 'fisco/neighbours'
export const SHORT_ID_BYTES = 8

/**
 * Fewest milliseconds between two pushes to one neighbour, and between two signatures over the own record: a node that
 * changes a thousand times a second costs its neighbours ten records.
 */
export const PUSH_INTERVAL = 100

/**
 * Fewest milliseconds between two comparisons with one neighbour because its digest differs. While neither digest changes the pauses double, up to
 * the second value: then it does not help, because one of both refuses a record that the other has.
 */
export const REPAIR_INTERVAL = 500
export const FRUITLESS_REPAIR_INTERVAL = 60_000

/**
 * Most nodes, this one included, whose records are kept.
 */
export const DEFAULT_MAX_NODES = 1_000

/**
 * Milliseconds after which the record of a node that is no longer in the network is dropped.
 */
export const DEFAULT_MAX_AGE = 10 * 60 * 1_000

/**
 * Milliseconds that a record's age grows by with each hop, and how many hops a record of a node that lives can go at least,
 * which sets a lower limit for a short `maxAge`. It is more than a frame is under way, so handing a record round never makes
 * it younger.
 */
export const HOP_AGE = 2_000
export const HOPS_PER_AGE = 100

/**
 * Milliseconds after which a record that was asked for is asked for at the next neighbour that has it.
 */
export const REQUEST_TIMEOUT = 1_000

/**
 * Most records asked for at one neighbour and not answered yet, and most neighbours remembered for one record.
 */
export const MAX_WANTED_PER_NEIGHBOUR = 256
export const MAX_SOURCES = 8

/**
 * Records of one neighbour that are verified at a stretch, and per second afterwards; then its stream is paused. Room for a
 * whole table of the default size when two networks meet.
 */
export const VERIFY_BURST = 1_000
export const VERIFY_PER_SECOND = 200

/**
 * How many of them a chain counts as that was judged for nothing: it is not trusted, or its node, which has another one, is known. Judging takes as long as so many
 * signatures by libsecp256k1.
 */
export const CHAIN_COST = 16

/**
 * Records of one message that are taken in one turn of the event loop: with a chain each they take some 20 ms.
 */
export const RECORDS_PER_TURN = 8

/**
 * Records that one neighbour is answered at a stretch, and per second afterwards; further requests go unanswered.
 */
export const ANSWER_BURST = 2_000
export const ANSWER_PER_SECOND = 200

/**
 * Milliseconds within which a record that was sent to a neighbour counts as arrived there, whatever the neighbour says: its
 * message and the record have crossed.
 */
export const CROSSED = 200

/**
 * Milliseconds to open a stream, and the backoff (first, longest, tries) when one cannot be opened or does not last. After the
 * last try the neighbour is left alone until it opens a stream itself or connects again.
 */
export const OPEN_TIMEOUT = 10_000
export const REOPEN_FIRST = 100
export const REOPEN_MAX = 30_000
export const REOPEN_TRIES = 10

/**
 * A stream that lived this many milliseconds was a good one: the backoff begins anew.
 */
export const STREAM_PROVEN = 10_000

/**
 * Milliseconds for which streams of a neighbour that sent something malformed are refused.
 */
export const MISBEHAVIOUR_PENALTY = 10_000

/**
 * Inbound and outbound streams per connection: one each, and room for its successor while it is being torn down.
 */
export const MAX_STREAMS = 3

/**
 * Two records of this node that were newer than its own within this many milliseconds mean that somebody else runs with its
 * key.
 */
export const CLONE_WINDOW = 60_000

/**
 * Milliseconds after which it is told again that another node's key is in use twice.
 */
export const CLONE_REMINDER = 3_600_000

/**
 * Fewest milliseconds between two answers to newer records of this node: two processes with one key would drive each other
 * on as fast as the network carries it.
 */
export const SUPERSEDE_INTERVAL = 1_000
