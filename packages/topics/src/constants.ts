/**
 * Version of the signed message format; it is also the version that the signature binds.
 */
export const MESSAGE_VERSION = 1

/**
 * What comes before a topic's name in its gossipsub topic, so that topics of other protocols on the same node stay apart.
 */
export const TOPIC_PREFIX = 'fisco/'

/**
 * What comes before a topic's name in messages that go to some of its followers.
 */
export const TARGETED_PREFIX = 'fisco-to/'

/**
 * The gossipsub topic of broadcasts, which every node follows. It lacks the slash of {@link TOPIC_PREFIX}, so no topic
 * that has a name can be it.
 */
export const BROADCAST_TOPIC = 'fisco-broadcast'

/**
 * Longest topic name, in bytes of UTF-8: names are kept per follower in every node's memory.
 */
export const MAX_TOPIC_NAME_BYTES = 128

/**
 * Name of the status entry that lists the topics that a node follows.
 */
export const STATUS_ENTRY = 'fisco/topics'

/**
 * Most topics that one node follows. It bounds the directory: members x 256 names.
 */
export const MAX_FOLLOWED_TOPICS = 256

/**
 * Largest list of followed topics, in bytes as encoded: a status entry holds no more. 256 names of 62 bytes fit.
 */
export const MAX_DIRECTORY_ENTRY_BYTES = 16_384

/**
 * Largest signed message. Far below the 4 MiB at which gossipsub loses a message without an error, and small enough
 * that one message does not hold up the others on a stream for long. The same on every node: what one sends all accept.
 */
export const MAX_MESSAGE_BYTES = 1_048_576

/**
 * Longest node ID, raw: an RSA modulus of 8,192 bits.
 */
export const MAX_AUTHOR_BYTES = 1_024

/**
 * What the signed message may take besides its data: with the longest topic name, an RSA node ID and an RSA signature
 * of 8,192 bits, 2,224 bytes.
 */
export const MAX_MESSAGE_OVERHEAD_BYTES = 4_096

/**
 * Most bytes in one message. It does not depend on the author's key or the topic's name, so an application can rely on it.
 */
export const MAX_DATA_BYTES = MAX_MESSAGE_BYTES - MAX_MESSAGE_OVERHEAD_BYTES

/**
 * How many sequence numbers below the highest seen can still arrive: messages overtake each other on different paths.
 */
export const REPLAY_WINDOW_BITS = 1_024

/**
 * Replay windows that are kept, one for each author and topic: 200 authors in 80 topics, about 4 MiB. Beyond it the
 * one that was used least recently goes.
 */
export const MAX_REPLAY_WINDOWS = 16_384

/**
 * Topics for which the own sequence number is kept; the numbers of all others continue above the highest that was
 * dropped, so none is used twice.
 */
export const MAX_SEQUENCES = 4_096

/**
 * Public keys that are kept ready for verification: one for each member, with room for members that come and go.
 */
export const MAX_AUTHOR_KEYS = 1_024

/**
 * Messages of one author whose status record has not arrived yet, from one neighbour.
 */
export const MAX_HELD_PER_AUTHOR = 64

/**
 * Messages of all such authors together, and which part of them may come from one neighbour.
 */
export const MAX_HELD = 1_024
export const HELD_SHARE = 4

/**
 * Bytes of all such messages together: messages of full size must not fill the memory.
 */
export const MAX_HELD_BYTES = 16 * 1_048_576

/**
 * How long a message waits for its author's status record, in milliseconds: status is pushed when it changes, so a
 * record that exists is here well before.
 */
export const HOLD_TIMEOUT = 2_000

/**
 * Name under which requests to a topic travel by the direct protocol.
 */
export const REQUEST_NAME = 'fisco/topics'

/**
 * Name under which messages travel by the direct protocol.
 */
export const MESSAGE_NAME = 'fisco/topics/message'

/**
 * Bytes of messages that wait for one neighbour; what is more is left to gossipsub's repair. A neighbour that is this far behind has stalled.
 */
export const MAX_OUTLET_BYTES = 8 * 1_048_576

/**
 * Authors and topics for which it is kept to whom this node passes on: 200 authors in 80 topics.
 */
export const MAX_RELAY_ENTRIES = 16_384

/**
 * How long a subscriber of gossipsub may be there that takes no messages by unicast, in milliseconds, before gossipsub's mesh is filled for it: of a member, the
 * subscription may come before its status.
 */
export const MESH_GRACE = 3_000

/**
 * How long `request` takes in all, unless it is told otherwise, and waits for one follower, in milliseconds: three of them fit into it.
 */
export const REQUEST_TIMEOUT = 10_000
export const TRY_TIMEOUT = 3_000

/**
 * How often the streams of gossipsub are looked at, and how long a connected peer may be without one before it is repaired, in milliseconds: after a connection opens,
 * identify and the stream's negotiation take some round trips.
 */
export const WATCHDOG_INTERVAL = 1_000
export const WATCHDOG_GRACE = 3_000

/**
 * Repairs of one peer, without effect, after which its connections are closed: {@link WATCHDOG_GRACE} apart each.
 */
export const MAX_REPAIRS = 5

/**
 * How many times {@link WATCHDOG_GRACE} a repaired peer must stay well to count as healed: where each new stream is reset
 * soon, the waits between repairs still grow.
 */
export const HEALED_AFTER = 4

/**
 * How long after they were closed the connections of a peer are left alone, in milliseconds: what a new connection did not
 * cure, the next one will not cure either.
 */
export const CLOSE_BACKOFF = 5 * 60_000

/**
 * Bytes that may wait in a neighbour's stream before an author has to wait: two messages of full size, an eighth of what
 * the stream holds.
 */
export const PACE_HIGH_BYTES = 2 * 1_048_576

/**
 * Bytes after which an author looks at its streams again.
 */
export const PACE_STEP_BYTES = 256 * 1024

/**
 * A neighbour that does not take at least this much in this time, while that much waits for it, is not waited for:
 * 512 KiB in a second is 4 Mbit/s.
 */
export const PACE_MIN_PROGRESS_BYTES = 512 * 1024
export const PACE_PATIENCE = 1_000

/**
 * Bytes of messages that wait for their turn to be sent: an application that does not wait for `publish` is told.
 */
export const MAX_WAITING_BYTES = 64 * 1_048_576

/**
 * Longest time that can be set, in milliseconds: nobody waits longer than an hour.
 */
export const MAX_TIMEOUT = 3_600_000

/**
 * Messages that are malformed or badly signed which a neighbour may send within {@link OFFENCE_WINDOW} milliseconds before it is not listened to for
 * {@link OFFENDER_BAN} milliseconds: an honest node verifies before it passes on, so it sends none.
 */
export const MAX_OFFENCES = 32
export const OFFENCE_WINDOW = 10_000
export const OFFENDER_BAN = 60_000

/**
 * Neighbours that such messages are counted of.
 */
export const MAX_OFFENDERS = 1_024

/**
 * Messages whose signatures are verified on other threads at a time; what is more is verified at once, so that reading goes no faster than verifying.
 */
export const MAX_VERIFYING = 256

/**
 * Name of the status entry that says what a node published reliably.
 */
export const TAILS_ENTRY = 'fisco/topics/tails'

/**
 * Topics to which one node publishes reliably; with names of full length they fit into a status entry.
 */
export const MAX_TAILS = 96

/**
 * How often the tails in the own status change at most, in milliseconds: each change is signed and sent to all nodes.
 */
export const TAIL_INTERVAL = 1_000

/**
 * Messages that are kept of a topic that is reliable, and their bytes, for those who missed them; and bytes of all such topics together.
 */
export const HISTORY_MESSAGES = 10_000
export const HISTORY_BYTES = 16 * 1_048_576
export const MAX_HISTORY_BYTES = 256 * 1_048_576

/**
 * Messages of one author to one topic, and their bytes, that wait for those before them. What is more is fetched again when its turn comes.
 */
export const MAX_BUFFERED = 1_024
export const MAX_BUFFERED_BYTES = 4 * 1_048_576

/**
 * The same of all authors and topics together.
 */
export const MAX_UNORDERED = 16_384
export const MAX_UNORDERED_BYTES = 64 * 1_048_576

/**
 * How long a message may be missing before it is fetched, in milliseconds: messages overtake each other.
 */
export const FETCH_GRACE = 200

/**
 * How often it is asked what there was before the first message of an author that came, where its status does not tell: some 12 s, in which status comes.
 */
export const MAX_BEGIN_ATTEMPTS = 6

/**
 * How often others are asked in vain for what an author says that there is, less one for each message of it that comes; then they are asked with the longest pause.
 */
export const MAX_FRUITLESS = 16

/**
 * Name under which missed messages are asked for, how many one answer brings at most, and how long it may take, in milliseconds.
 */
export const FETCH_NAME = 'fisco/topics/fetch'
export const MAX_FETCHED = 512
export const MAX_FETCHED_BYTES = 2 * 1_048_576
export const FETCH_TIMEOUT = 10_000

/**
 * Questions for missed messages that one peer may ask: 50,000 messages in a second.
 */
export const FETCH_QUOTA = { perPeer: 100, perMs: 1_000 }

/**
 * Bytes of missed messages that one peer is given at a stretch, and a second, and how many peers are remembered: a question is short, and an answer takes milliseconds.
 */
export const GIVEN_BYTES_BURST = 32 * 1_048_576
export const GIVEN_BYTES_PER_SECOND = 16 * 1_048_576
export const MAX_GIVEN_TO = 1_024

/**
 * Name under which followers tell each other up to where they have the messages of an author who is gone.
 */
export const HEARD_NAME = 'fisco/topics/heard'

/**
 * Longest pause between questions for the same messages, in milliseconds.
 */
export const MAX_FETCH_DELAY = 8_000

/**
 * Followers that are asked besides the author before what it no longer keeps is given up.
 */
export const MAX_SOURCES = 3

/**
 * Name under which messages travel that are confirmed.
 */
export const DELIVER_NAME = 'fisco/topics/deliver'

/**
 * Version of the receipts for such messages, which the signature binds, too.
 */
export const RECEIPT_VERSION = 1

/**
 * Nodes over which such a message goes at most.
 */
export const MAX_ROUTE = 16

/**
 * How long `publish` waits for confirmations, unless told otherwise, and how long one try to deliver may take, in milliseconds.
 */
export const ACK_TIMEOUT = 10_000
export const DELIVER_TIMEOUT = 10_000

/**
 * Deliveries to one follower under way at a time, messages that wait for confirmations in all, and what enough others have confirmed that waits for one follower, and its bytes.
 */
export const MAX_DELIVERING = 64
export const MAX_UNCONFIRMED = 8_192
export const MAX_LAGGING = 1_024
export const MAX_LAGGING_BYTES = 16 * 1_048_576

/**
 * Shortest and longest pause after a delivery failed, in milliseconds; a connection that opens ends it.
 */
export const MIN_DELIVER_DELAY = 250
export const MAX_DELIVER_DELAY = 4_000

/**
 * Name of the status entry with the hash of the node's lists of restricted topics.
 */
export const RESTRICTED_ENTRY = 'fisco/topics/restricted'

/**
 * Restricted topics, and names in each of their lists.
 */
export const MAX_RESTRICTED = 256
export const MAX_LISTED = 1_000

/**
 * Messages for others that this node passes on at a time, until they are confirmed: in all, and from one neighbour, and to one.
 */
export const MAX_FORWARDING = 256
export const MAX_FORWARDING_OF_NEIGHBOUR = 128

/**
 * Largest message with its route: each node ID on it is as long as an author's may be.
 */
export const MAX_PARCEL_BYTES = MAX_MESSAGE_BYTES + MAX_ROUTE * (MAX_AUTHOR_BYTES + 8) + 64
