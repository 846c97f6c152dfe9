/**
 * How long certificates are valid, in days: 100 years, as FISCO BCOS's tools issue them.
 */
export const DEFAULT_DAYS = 36_500

/**
 * Longest validity that can be asked for, in days. The end must also lie before the year 10000, the last that X.509
 * can write.
 */
export const MAX_DAYS = 365_000

/**
 * How long a CRL is good for, in days: long enough for an operator who makes the next one once a week or once a month.
 */
export const DEFAULT_CRL_DAYS = 30

/**
 * Longest time that a CRL can be good for, in days. A CRL tells nothing of what was revoked after it.
 */
export const MAX_CRL_DAYS = 3_650

/**
 * Why a certificate can be revoked in a chain's folder: the reasons that OpenSSL's index has. RFC 5280 knows two more
 * (privilegeWithdrawn, AACompromise), but `openssl ca` makes no CRL of an index that holds them.
 */
export const REVOCATION_REASONS = ['unspecified', 'keyCompromise', 'CACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold'] as const

/**
 * A day in milliseconds.
 */
export const DAY = 24 * 60 * 60 * 1000

/**
 * Certificates are valid from this long before they are issued, in milliseconds, so that a node whose clock is a
 * little behind does not refuse them as not yet valid.
 */
export const BACKDATE = 5 * 60 * 1000

/**
 * Modulus of a new RSA key: what FISCO BCOS 3.x issues, and the least that nodes accept.
 */
export const RSA_BITS = 2048

/**
 * Longest modulus that nodes accept.
 */
export const MAX_RSA_BITS = 8192

/**
 * Public exponent of RSA keys: a node ID holds the modulus alone, so every node must have this one.
 */
export const RSA_EXPONENT = 65_537

/**
 * Most characters of a common name (RFC 5280 appendix A, ub-common-name).
 */
export const MAX_NAME_LENGTH = 64

/**
 * Length of a serial number in bytes. RFC 5280 section 4.1.2.2 allows 20.
 */
export const SERIAL_BYTES = 16

/**
 * Most nodes of a chain that is created at once: each is one more line in everybody's `config.ini`.
 */
export const MAX_NODES = 1_000

/**
 * How many nodes a new chain has: the fewest that tolerate one faulty node under PBFT.
 */
export const DEFAULT_NODES = 4

/**
 * Port of the first node, as FISCO BCOS's default for `listen_port`.
 */
export const DEFAULT_PORT = 30_300

/**
 * Lowest `listen_port`: FISCO BCOS refuses those that an operating system keeps for itself.
 */
export const MIN_PORT = 1_025

/**
 * Highest `listen_port`: the last port of TCP.
 */
export const MAX_PORT = 65_535

/**
 * Address that a new chain's nodes listen on: only this machine, until the operator says otherwise.
 */
export const DEFAULT_LISTEN_IP = '127.0.0.1'

/**
 * Organisation in the subject of every certificate (`O=`), as FISCO BCOS's tools write it.
 */
export const ORGANIZATION = 'fisco-bcos'

/**
 * Names within a chain's folder.
 */
export const AGENCY_DIR = 'agency'
export const NODES_DIR = 'nodes'
export const CONF_DIR = 'conf'
export const ISSUED_DIR = 'newcerts'
export const CA_CERT = 'ca.crt'
export const CA_KEY = 'ca.key'
export const AGENCY_CERT = 'agency.crt'
export const AGENCY_KEY = 'agency.key'
export const NODE_CERT = 'node.crt'
export const NODE_KEY = 'node.key'
export const NODE_ID = 'node.nodeid'
export const CONFIG = 'config.ini'
export const INDEX = 'index.txt'
export const INDEX_ATTRIBUTES = 'index.txt.attr'
export const INDEX_LOCK = 'index.txt.lock'
export const CA_CRL = 'ca.crl'
export const AGENCY_CRL = 'agency.crl'
export const CRL_NUMBER = 'crlnumber'

/**
 * Modes of a file that holds a private key, and of any other.
 */
export const SECRET_MODE = 0o600
export const PUBLIC_MODE = 0o644
