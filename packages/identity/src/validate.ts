import { DEFAULT_MAX_DEPTH, DEFAULT_MAX_STEPS, MAX_NAME_COMPARISONS } from './constants.ts'
import { CertificateRefusedError } from './errors.ts'
import { comparisons, violatingName } from './name-constraints.ts'
import { describeName } from './name.ts'
import { PathSearch } from './path.ts'
import { POLICIES, policyFor } from './policy.ts'
import { checkPosition } from './position.ts'
import { checkAlgorithm, checkProfile } from './profile.ts'
import { refusal } from './refuse.ts'
import type { Certificate } from './certificate.ts'
import type { GeneralName } from './general-name.ts'
import type { CandidatePath } from './path.ts'
import type { PolicyChoice, PolicyName } from './policy.ts'

/**
 * The role in which a certificate was shown: in a TLS handshake the dialler is the client.
 */
export type CertificateRole = 'client' | 'server'

/**
 * How a chain was accepted.
 */
export interface Verdict {
  /**
   * The leaf and the certificates above it, without the anchor.
   */
  path: Certificate[]

  /**
   * The trusted CA at the end of the path.
   */
  anchor: Certificate

  /**
   * The policy by which it was judged.
   */
  policy: PolicyName

  /**
   * Until when the chain is valid if nothing else changes, unix milliseconds: the first end of a certificate in it, the trusted CA's
   * included, or of what else was judged.
   */
  validUntil: number
}

/**
 * What {@link validateChain} goes by.
 */
export interface ValidateOptions {
  /**
   * The trusted CAs.
   */
  anchors: readonly Certificate[]

  /**
   * The time for which validity is judged, unix milliseconds.
   */
  now: number

  /**
   * The role of the leaf; undefined if any will do.
   */
  role?: CertificateRole

  /**
   * @default 'auto'
   */
  policy?: PolicyChoice

  /**
   * Most CA certificates between leaf and anchor, self-issued ones not counted.
   *
   * @default 8
   */
  maxDepth?: number

  /**
   * Judges a path that is good otherwise, the leaf first: is something in it revoked?
   *
   * @returns until when that holds, unix milliseconds
   * @throws CertificateRefusedError
   */
  judgePath?(path: readonly Certificate[], anchor: Certificate): number

  /**
   * Most issuers that are tried for it, each at the price of one signature verification at most.
   *
   * @default 256
   */
  maxSteps?: number
}

const EXTENDED_KEY_USAGE: Record<CertificateRole, string> = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' }
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0'

/**
 * Path validation by RFC 5280 section 6, with the demands that its section 4 makes on the certificates themselves, or by
 * the policy `fisco`, which makes four of them less. It does not ask whether the leaf can be a node's: `TrustStore` does.
 *
 * @param leaf - the certificate in question
 * @param others - untrusted certificates that may stand above it, in any order
 * @throws CertificateRefusedError with the rule that failed
 */
export function validateChain (leaf: Certificate, others: readonly Certificate[], options: ValidateOptions): Verdict {
  checkProfile(leaf)
  checkAlgorithm(leaf)
  checkUse(leaf, options)

  const search = new PathSearch(options.anchors, others, { maxDepth: options.maxDepth ?? DEFAULT_MAX_DEPTH, maxSteps: options.maxSteps ?? DEFAULT_MAX_STEPS })
  const seen = { comparisons: 0 }
  let failure: CertificateRefusedError | undefined

  for (const candidate of search.from(leaf)) {
    try {
      const policy = policyFor(candidate.anchor, options.policy)

      checkPath(candidate, policy, options, seen)
      const { path, anchor } = candidate
      const ends = [...path, anchor].map(({ notAfter }) => notAfter)

      return { ...candidate, policy, validUntil: Math.min(...ends, options.judgePath?.(path, anchor) ?? Infinity) }
    } catch (err) {
      if (!(err instanceof CertificateRefusedError)) {
        throw err
      }

      failure ??= err
    }
  }

  throw failure ?? search.refusal
}

/**
 * Judges a path of names and signatures: each certificate in its place, then what CAs say of those below them.
 */
function checkPath ({ path, anchor }: CandidatePath, policy: PolicyName, options: ValidateOptions, seen: { comparisons: number }): void {
  const all = [...path, anchor]

  all.forEach((certificate, i) => {
    checkPosition(certificate, i === 0 ? 'leaf' : i === path.length ? 'anchor' : 'intermediate', POLICIES[policy])
    checkUse(certificate, options)
  })

  all.slice(1).forEach((issuer, i) => {
    checkPathLength(issuer, path.slice(1, i + 1))
    checkNameConstraints(issuer, path.slice(0, i + 1), seen)
  })
}

/**
 * RFC 5280 section 4.2.1.9: how many CAs may follow, self-issued ones and the leaf not counted.
 */
function checkPathLength (issuer: Certificate, below: Certificate[]): void {
  const allowed = issuer.basicConstraints?.pathLength
  const found = below.filter(certificate => !certificate.selfIssued).length

  if (allowed != null && found > allowed) {
    throw refusal(issuer, 'path-length', `it allows ${allowed} CAs below it, and there are ${found}`, 'have the node\'s certificate issued higher up in the chain')
  }
}

/**
 * @param below - the leaf first. Self-issued certificates are exempt, unless they are the leaf (section 6.1.3)
 */
function checkNameConstraints (issuer: Certificate, below: Certificate[], seen: { comparisons: number }): void {
  const constraints = issuer.extensions.nameConstraints

  if (constraints == null) {
    return
  }

  for (const certificate of below.filter(({ selfIssued }, i) => i === 0 || !selfIssued)) {
    const { subject } = certificate.fields
    const names: GeneralName[] = [...(subject.rdns.length === 0 ? [] : [{ form: 'directory' as const, name: subject }]), ...certificate.extensions.subjectAltName?.names ?? []]

    if ((seen.comparisons += comparisons(constraints, names)) > MAX_NAME_COMPARISONS) {
      throw refusal(certificate, 'path-too-complex', `its names and the constraints above them need more than ${MAX_NAME_COMPARISONS} comparisons`, 'have it issued with fewer names')
    }

    const name = violatingName(constraints, names)

    if (name != null) {
      throw refusal(certificate, 'name-constraint', `its name ${describeGeneralName(name)} lies outside of what "${issuer.subject}" may issue for`, 'have it issued with a name that this CA may certify, or by another CA')
    }
  }
}

function checkUse (certificate: Certificate, { now, role }: ValidateOptions): void {
  const usages = certificate.extendedKeyUsage

  // RFC 5280 section 4.2.1.12; what a CA's certificate says holds for those below it, as OpenSSL reads it
  if (role != null && usages != null && !usages.includes(EXTENDED_KEY_USAGE[role]) && !usages.includes(ANY_EXTENDED_KEY_USAGE)) {
    throw refusal(certificate, 'key-usage', `its extendedKeyUsage does not allow it as TLS ${role}`, 'a node dials and listens: issue a certificate for both roles, or without extendedKeyUsage')
  }

  if (now < certificate.notBefore) {
    throw refusal(certificate, 'not-yet-valid', `it is valid from ${new Date(certificate.notBefore).toISOString()}, and it is ${new Date(now).toISOString()}`, 'check the clocks of both nodes')
  }

  if (now > certificate.notAfter) {
    throw refusal(certificate, 'expired', `it was valid until ${new Date(certificate.notAfter).toISOString()}, and it is ${new Date(now).toISOString()}`, 'have it renewed, or check the clock')
  }
}

function describeGeneralName (name: GeneralName): string {
  switch (name.form) {
    case 'directory':
      return `"${describeName(name.name)}"`
    case 'ip':
      return name.bytes.byteLength === 4 ? name.bytes.join('.') : Buffer.from(name.bytes).toString('hex').replace(/(....)(?=.)/g, '$1:')
    case 'otherName':
    case 'x400Address':
    case 'ediPartyName':
    case 'registeredID':
      return name.form
    default:
      return `"${name.text}"`
  }
}
