/**
 * Most entries of one list. A consortium has hundreds of nodes, not thousands; each entry costs a check that it is a
 * public key (about 0.1 ms), and the lists are replaced while the node runs.
 */
export const MAX_LIST_ENTRIES = 10_000

/**
 * How many bad entries of a list one error names: enough to see what is wrong, short enough to read.
 */
export const MAX_REPORTED_ENTRIES = 5
