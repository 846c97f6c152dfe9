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
