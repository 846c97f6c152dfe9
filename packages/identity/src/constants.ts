/**
 * Longest chain, leaf included, that a node shows and accepts: leaf, agency and two more levels. FISCO BCOS 2.x
 * chains have two or three certificates.
 */
export const MAX_CHAIN_LENGTH = 4

/**
 * Most bytes of DER, over the whole chain, that are looked at. A FISCO BCOS chain of three takes about 1.5 KiB.
 */
export const MAX_CHAIN_BYTES = 16 * 1024

/**
 * Most bytes of one DER encoding that is looked at: of a certificate, or of a value in it.
 */
export const MAX_CERTIFICATE_BYTES = MAX_CHAIN_BYTES

/**
 * Deepest nesting of a DER encoding. A certificate of RFC 5280 with all its extensions needs about 10.
 */
export const MAX_DER_DEPTH = 16

/**
 * Most CA certificates between leaf and anchor, self-issued ones not counted (they are what a CA rolls its key over
 * with), where the caller says nothing else.
 */
export const DEFAULT_MAX_DEPTH = 8

/**
 * Longest path, self-issued certificates counted: an end for paths that consist of nothing else.
 */
export const MAX_PATH_CERTIFICATES = 256

/**
 * Most issuers that are looked at for one chain, each at the price of one signature verification at most: about 80 ms for
 * secp256k1. The certificates of an honest chain need about one each; those of a dishonest one may form any web.
 */
export const DEFAULT_MAX_STEPS = 256

/**
 * Most comparisons of names with name constraints for one chain. A certificate of 16 KiB has room for a thousand names,
 * and a CA's for as many constraints.
 */
export const MAX_NAME_COMPARISONS = 65_536

/**
 * Longest serial number, bytes (RFC 5280 section 4.1.2.2).
 */
export const MAX_SERIAL_BYTES = 20

/**
 * Most trust anchors in one `ca.crt`: each costs a comparison per judgement.
 */
export const MAX_ANCHORS = 64

/**
 * RSA moduli outside of these bits are refused before any signature is computed with them: shorter ones are weak,
 * longer ones burn CPU (CVE-2023-39533).
 */
export const MIN_RSA_BITS = 2048
export const MAX_RSA_BITS = 8192

/**
 * Longest public exponent of an RSA key: with a longer one than the usual 65537 a verification costs as much as a
 * signature.
 */
export const MAX_RSA_EXPONENT_BITS = 32

/**
 * Longest piece of text from a certificate (a common name, say) that is shown, logged or put into an error.
 */
export const MAX_NAME_LENGTH = 64

/**
 * A record or message whose incarnation lies further in the future than this, in milliseconds, is refused: the
 * incarnation is a unix time, so an honest one is about now, give or take a wrong clock.
 */
export const MAX_INCARNATION_LEAD = 24 * 60 * 60 * 1000

/**
 * How many characters are needed for a node ID of each key type: the raw key in hex (secp256k1 without the leading
 * 04 of an uncompressed point, as FISCO BCOS 2.x prints it).
 */
export const SECP256K1_NODE_ID_LENGTH = 128
export const ED25519_NODE_ID_LENGTH = 64

/**
 * Largest certificate revocation list that is looked at, in bytes of DER: about 25,000 revoked certificates.
 */
export const MAX_CRL_BYTES = 1024 * 1024

/**
 * Longest entry of a CRL, in bytes of DER: a serial number, a date, and extensions such as a reason.
 */
export const MAX_CRL_ENTRY_BYTES = 1024

/**
 * Most serial numbers that are remembered as revoked for one issuer, over all of its CRLs.
 */
export const MAX_REVOKED_SERIALS = 65_536

/**
 * Longest number of a CRL, bytes (RFC 5280 section 5.2.3).
 */
export const MAX_CRL_NUMBER_BYTES = 20

/**
 * A CRL whose thisUpdate lies further in the future than this, in milliseconds, is refused: the clocks of a CA and a node may differ
 * that much.
 */
export const MAX_CRL_LEAD = 5 * 60 * 1000

/**
 * Most CRLs that are configured.
 */
export const MAX_CRLS = 64

/**
 * Most CAs that are remembered which a trusted CA has certified itself, and most of them and the trusted ones of which CRLs are held that were learnt.
 */
export const MAX_ISSUERS = 256

/**
 * The same of CAs further below: whoever may certify CAs can make any number of them.
 */
export const MAX_SUBORDINATE_ISSUERS = 32

/**
 * Most certificates of one CA's key that are remembered: of the CAs that have certified it, and from before it was renewed.
 */
export const MAX_ISSUER_CERTIFICATES = 4

/**
 * Lines of the log that one peer may cause within so many milliseconds; the others are counted.
 */
export const MAX_LOG_LINES_PER_PEER = 10
export const PEER_LOG_WINDOW = 10_000

/**
 * Most peers of which it is remembered how many lines they had.
 */
export const MAX_LOGGED_PEERS = 1_024
