/**
 * Most entries of one list. A consortium has hundreds of nodes, not thousands; each entry costs a check that it is a
 * public key (about 0.1 ms), and the lists are replaced while the node runs.
 */
export const MAX_LIST_ENTRIES = 10_000

/**
 * How many bad entries of a list one error names: enough to see what is wrong, short enough to read.
 */
export const MAX_REPORTED_ENTRIES = 5

/**
 * How often the clock is looked at, in milliseconds: it may be set, and a timer does not notice.
 */
export const CLOCK_INTERVAL = 1_000

/**
 * A clock that went back by more than this, in milliseconds, was set: what was valid may not be valid yet.
 */
export const CLOCK_STEP = 1_000

/**
 * Status entry in which a node says which CRLs it holds.
 */
export const CRLS_ENTRY = 'fisco/crls'

/**
 * Most notices in that entry: all of them fit into one entry of a record. Those of the CRLs that were made last are told.
 */
export const MAX_NOTICES = 100

/**
 * Name of the request that asks for a CRL by its hash; the quota of a peer for it, and how long one waits for it, in milliseconds.
 */
export const CRL_REQUEST = 'fisco/crl'
export const CRL_QUOTA = { perPeer: 32, perMs: 10_000 }
export const CRL_TIMEOUT = 5_000

/**
 * CRLs of one issuer that are verified at once, and milliseconds after which there may be another one.
 */
export const VERIFY_BURST = 4
export const VERIFY_INTERVAL = 10_000

/**
 * Milliseconds for which a neighbour is not asked for CRLs of an issuer for which it brought one that is none.
 */
export const CRL_PENALTY = 10 * 60 * 1000

/**
 * Milliseconds after which a neighbour that did not answer is asked again; twice as many with each further time.
 */
export const CRL_RETRY = 1_000

/**
 * Most CRLs, by hash, and most pairs of neighbour and issuer of which it is remembered that they are of no use.
 */
export const MAX_SETTLED = 1_024
export const MAX_PENALTIES = 4_096

/**
 * Status entry in which a node says when its certificates end: unix milliseconds as decimal text.
 */
export const EXPIRY_ENTRY = 'fisco/expiry'

/**
 * Days before the end of a certificate at which it is told; and before that of a configured CRL, which is good for a month or less.
 */
export const EXPIRY_DAYS = [30, 7, 1] as const
export const CRL_EXPIRY_DAYS = [7, 1] as const

/**
 * Milliseconds between two looks at whose certificate ends soon.
 */
export const EXPIRY_INTERVAL = 60_000

/**
 * Name of the request that asks what time it is; the quota of a peer for it, how long one waits for it, and how often each neighbour is asked, in milliseconds.
 */
export const CLOCK_REQUEST = 'fisco/clock'
export const CLOCK_QUOTA = { perPeer: 8, perMs: 10_000 }
export const CLOCK_TIMEOUT = 2_000
export const CLOCK_ASK_INTERVAL = 5 * 60 * 1000

/**
 * Milliseconds by which a clock must differ from those of half of the neighbours to be worth telling: certificates and CRLs are dated to the second, and those of
 * new nodes begin five minutes before they are made.
 */
export const MAX_CLOCK_SKEW = 5_000
