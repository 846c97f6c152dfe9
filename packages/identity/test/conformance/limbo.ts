import { certificatesFromPem, CertificateRefusedError, validateChain } from '@fisco-libp2p/identity'
import type { CertificateRule, PolicyName } from '@fisco-libp2p/identity'

/**
 * One case of the suite, in its own words; what is not read here is left out.
 */
export interface LimboCase {
  id: string
  description: string
  validation_kind: 'SERVER' | 'CLIENT'
  trusted_certs: string[]
  untrusted_intermediates: string[]
  peer_certificate: string

  /**
   * RFC 3339, or null for now.
   */
  validation_time: string | null
  expected_result: 'SUCCESS' | 'FAILURE'
  max_chain_depth: number | null
}

/**
 * The file of the suite.
 */
export interface LimboSuite {
  version: number
  testcases: LimboCase[]
}

/**
 * What came of a case.
 */
export interface Outcome {
  result: 'SUCCESS' | 'FAILURE'

  /**
   * Where it was refused: by which rule, and in which words.
   */
  rule?: CertificateRule
  message?: string
}

/**
 * Why a case is not judged, or undefined if it is. A case of the groups in scope whose only point is the name that a
 * user asked for would be out as well; there is none: every case names a host that its leaf has.
 */
export function outOfScope ({ id }: LimboCase): string | undefined {
  switch (id.split('::')[0]) {
    case 'pathlen':
    case 'pathological':
    case 'rfc5280':
      return undefined
    case 'webpki':
      return 'rules of the CA/Browser Forum for servers on the web, which ask more than RFC 5280 and elsewhere less; names of servers are not the identity of a node'
    case 'online':
      return 'certificates of live web servers under the roots of browsers, judged by their host names'
    default:
      return 'a group that is not known'
  }
}

/**
 * Judges a case by a policy. The peer's name is not compared: a node's identity is its key. The validator is told what
 * the case says (time, depth, the peer's role) and nothing else.
 */
export function judgeCase (testcase: LimboCase, policy: PolicyName): Outcome {
  try {
    const [leaf] = certificatesFromPem(testcase.peer_certificate)

    validateChain(leaf, testcase.untrusted_intermediates.flatMap(certificatesFromPem), {
      anchors: testcase.trusted_certs.flatMap(certificatesFromPem),
      now: testcase.validation_time == null ? Date.now() : Date.parse(testcase.validation_time),
      role: testcase.validation_kind === 'SERVER' ? 'server' : 'client',
      policy,
      maxDepth: testcase.max_chain_depth ?? undefined
    })

    return { result: 'SUCCESS' }
  } catch (err) {
    if (!(err instanceof CertificateRefusedError)) {
      throw err
    }

    return { result: 'FAILURE', rule: err.rule, message: err.message }
  }
}
