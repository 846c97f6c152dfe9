/**
 * Protocol id of the connection encrypter (docs/PROTOCOLS.md, "Security").
 */
export const CA_TLS_PROTOCOL = '/fisco/tls/1.0.0'

/**
 * ALPN names begin with this; the id of a stream muxer may follow, as in `fisco-libp2p/yamux/1.0.0`. By it a listener
 * knows our nodes from FISCO BCOS's, which send no ALPN.
 */
export const ALPN_PREFIX = 'fisco-libp2p'

/**
 * Versions of the confirm exchange that this node speaks.
 */
export const MIN_VERSION = 1
export const MAX_VERSION = 1

/**
 * Milliseconds within which a handshake must be done, confirm exchange included. FISCO BCOS has no such limit on the
 * accepting side, so a silent peer holds a descriptor there for ever.
 */
export const HANDSHAKE_TIMEOUT = 10_000

/**
 * Progress event of a dial (`onProgress`): the TCP connection is there, and the handshake begins.
 */
export const HANDSHAKE_EVENT = 'fisco-tls:handshake'

/**
 * Largest frame of the confirm exchange: 16 KiB of certificates, and room for the rest.
 */
export const MAX_FRAME_LENGTH = 17 * 1024

/**
 * Longest text of a refusal, in characters, that is sent or shown.
 */
export const MAX_REFUSAL_TEXT = 512

/**
 * How many milliseconds a refused peer has to take the refusal and close, before the socket is destroyed.
 */
export const REFUSAL_LINGER = 250

/**
 * TLS servers without a port that wait for their next handshake. Each serves one at a time; more are made on demand.
 */
export const MAX_IDLE_SERVERS = 64

/**
 * TLS 1.2 with forward secrecy and AEAD only, for both kinds of keys; then what TLS 1.3 has.
 */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305'
].join(':')

/**
 * Signature algorithms; without SHA-1. In TLS 1.2 `ECDSA+SHA256` covers secp256k1 as well.
 */
export const SIGNATURE_ALGORITHMS = [
  'ECDSA+SHA256', 'ECDSA+SHA384', 'ed25519', 'rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512', 'RSA+SHA256', 'RSA+SHA384', 'RSA+SHA512'
].join(':')

/**
 * Groups of a node with a secp256k1 certificate: exactly these, since X25519 breaks FISCO BCOS's TASSL as dialler.
 */
export const FISCO_GROUPS = 'prime256v1:secp256k1'

/**
 * Groups of other nodes: secp256k1 last, for the certificates of peers that have such a key.
 */
export const MODERN_GROUPS = 'X25519:prime256v1:secp256k1'

/**
 * Put before {@link MODERN_GROUPS} where this OpenSSL has it.
 */
export const POST_QUANTUM_GROUP = 'X25519MLKEM768'

/**
 * Longest handshake timeout that can be set, in milliseconds.
 */
export const MAX_HANDSHAKE_TIMEOUT = 60_000

/**
 * Milliseconds without a byte in either direction after which a connection is given up. yamux sends its keep-alive
 * every 30 s.
 */
export const INACTIVITY_TIMEOUT = 120_000

/**
 * Milliseconds that the other end of a connection has to close it as well. Less than libp2p, or who takes trust back, gives a close: one that the other end does not answer is none that
 * failed.
 */
export const CLOSE_LINGER = 200

/**
 * How many members a listener is made for where it is not told: FISCO BCOS's `max_nodes_limit` is 100.
 */
export const DEFAULT_MEMBERS = 200

/**
 * Handshakes under way: of one address at least this many, of all together at least that many. Both grow with the number
 * of members, since all of a network may come at once after a power cut, and from one address behind a NAT.
 */
export const MIN_PENDING_PER_ADDRESS = 16
export const MIN_PENDING = 64

/**
 * Share of all pending handshakes that is kept for the addresses of configured peers.
 */
export const RESERVED_SHARE = 0.25

/**
 * Handshakes that one address may begin: a burst of two for each member, then so many a second. A failed one counts for
 * four. A handshake costs 5 to 15 ms of CPU, so this bounds what an address can cost: about a tenth of a core, or a
 * thirtieth with handshakes that fail.
 */
export const BURST_PER_MEMBER = 2
export const HANDSHAKES_PER_SECOND = 10
export const COST_OF_FAILURE = 4

/**
 * Addresses whose recent handshakes are remembered; the one that was quiet for longest is forgotten first.
 */
export const MAX_TRACKED_ADDRESSES = 4_096

/**
 * Milliseconds in which a peer must send the first bytes of TLS.
 */
export const FIRST_BYTES_TIMEOUT = 5_000

/**
 * Refused connections that are logged one by one each second; further ones are counted, and reported as a number.
 */
export const MAX_LOG_LINES_PER_SECOND = 10

/**
 * Certificates of accepted peers that are remembered: two for each of 250 members. One is at most 16 KiB, mostly 1 KiB, and as much again as a
 * key for the table and in OpenSSL.
 */
export const MAX_KNOWN_CERTIFICATES = 512

/**
 * Nodes that have accepted this one which are remembered, for the next dial.
 */
export const MAX_KNOWN_HOSTS = 1_024
