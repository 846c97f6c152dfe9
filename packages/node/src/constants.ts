/**
 * What this software calls itself, in status records and for libp2p's identify.
 */
export const NODE_INFO = { name: 'fisco-libp2p', version: '0.1.0' } as const

/**
 * Defaults of `config.ini`, as FISCO BCOS 2.9.1 has them.
 */
export const DEFAULT_LISTEN_IP = '0.0.0.0'
export const DEFAULT_LISTEN_PORT = 30300
export const DEFAULT_DATA_PATH = './conf'
export const DEFAULT_KEY = 'node.key'
export const DEFAULT_CERT = 'node.crt'
export const DEFAULT_CA_CERT = 'ca.crt'
export const DEFAULT_CHAIN_ID = '1'

/**
 * Folder, beside `config.ini`, in which a node keeps what must survive a restart.
 */
export const STATE_FOLDER = 'state'

/**
 * The admin API's unix socket, beside `config.ini`.
 */
export const DEFAULT_ADMIN_SOCKET = 'admin.sock'

/**
 * How many members the limits of the preset are made for, unless it is told a number. FISCO BCOS accepts 100 configured
 * peers.
 */
export const DEFAULT_MEMBERS = 200

/**
 * Connections for each member: one stays, a second lives while a duplicate is being closed, and as many again for links
 * that were replaced and not yet noticed as dead.
 */
export const CONNECTIONS_PER_MEMBER = 4

/**
 * A Mbit/s as FISCO BCOS counts it, in bytes per second.
 */
export const BYTES_PER_MBIT = 1024 * 1024 / 8

/**
 * Most configured addresses: FISCO BCOS's `max_nodes_limit`.
 */
export const MAX_ADDRESSES = 100

/**
 * Streams that the stack itself and a few protocols of the user's own open to one peer. Protocols have limits of their
 * own below this one (`registrar.handle`).
 */
export const MAX_STREAMS_PER_CONNECTION = 256

/**
 * Milliseconds that the files of a running node must be left alone for before they are read again, and milliseconds between two looks at them where the file
 * system does not tell of changes.
 */
export const SETTLE_TIME = 50
export const POLL_INTERVAL = 5_000
