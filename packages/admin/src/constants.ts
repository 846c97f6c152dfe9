/**
 * Mode of the socket file: who may connect may add and remove peers, so it is the node's own user alone.
 */
export const SOCKET_UMASK = 0o177

/**
 * Longest path of a unix socket, bytes: `sun_path` has 104 on macOS and 108 on Linux, the closing zero included. What is
 * longer is cut off by the system, and another file is made.
 */
export const MAX_SOCKET_PATH = 103

/**
 * Connections at a time. Each command of an operator uses one for a few milliseconds.
 */
export const MAX_CONNECTIONS = 16

/**
 * Longest body of a request, bytes.
 */
export const MAX_BODY = 65_536

/**
 * How long, in milliseconds, a client may take to send its request.
 */
export const REQUEST_TIMEOUT = 5_000

/**
 * How often, in milliseconds, a node looks whether its socket's file is still there.
 */
export const WATCH_INTERVAL = 2_000

/**
 * How long, in milliseconds, an existing socket file has to show whether somebody listens on it.
 */
export const PROBE_TIMEOUT = 1_000

/**
 * Longest body of a request to send a message, bytes: 1 MiB in base64, and the rest.
 */
export const MAX_MESSAGE_BODY = 1_500_000

/**
 * Bytes that wait for one who listens and does not read; beyond it he is told, and no longer listened for.
 */
export const MAX_LISTEN_BYTES = 8 * 1024 * 1024

/**
 * Name of the status entry with the hash of a node's lists of restricted topics, as `@fisco-libp2p/topics` writes it.
 */
export const RESTRICTED_ENTRY = 'fisco/topics/restricted'
