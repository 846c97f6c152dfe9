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
 * How long, in milliseconds, an existing socket file has to show whether somebody listens on it.
 */
export const PROBE_TIMEOUT = 1_000
