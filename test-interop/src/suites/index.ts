import { fiscoCertificates } from './fisco-certificates.ts'
import { openssl } from './openssl.ts'
import type { Suite } from '../row.ts'

/**
 * All references, in the order in which they are tried.
 */
export const suites: readonly Suite[] = [openssl, fiscoCertificates]
