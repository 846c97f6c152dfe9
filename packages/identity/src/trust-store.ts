import { InvalidParametersError } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { DEFAULT_MAX_DEPTH, DEFAULT_MAX_STEPS, MAX_CHAIN_BYTES, MAX_CHAIN_LENGTH } from './constants.ts'
import { Crl, maySignCrls } from './crl.ts'
import { CertificateRefusedError, CrlRefusedError } from './errors.ts'
import { Issuers } from './issuers.ts'
import { isPolicyChoice } from './policy.ts'
import { refusal } from './refuse.ts'
import { Revocations } from './revocations.ts'
import { validateChain } from './validate.ts'
import type { Certificate } from './certificate.ts'
import type { PolicyChoice } from './policy.ts'
import type { CrlSource, HeldCrl, SerialDenial } from './revocations.ts'
import type { CertificateRole, Verdict } from './validate.ts'

/**
 * Events of a {@link TrustStore}.
 */
export interface TrustStoreEvents {
  /**
   * What the store trusts was replaced, or something is revoked that was not: whoever relies on an earlier verdict judges again.
   */
  'trust:change': CustomEvent<TrustChange>

  /**
   * A CRL of an issuer is held that was not before, be it configured or learnt.
   */
  'trust:crl': CustomEvent<HeldCrl>
}

/**
 * What is new in a {@link TrustStore}.
 */
export interface TrustChange {
  /**
   * Whether the trusted CAs are other ones.
   */
  anchors: boolean
}

/**
 * What {@link TrustStore.update} replaces; what is not given stays.
 */
export interface TrustUpdate {
  /**
   * Trust these CAs, and no others.
   */
  anchors?: readonly Certificate[]

  /**
   * Certificates of the issuers of these CRLs are accepted only as long as theirs is not out of date.
   */
  crls?: readonly CrlSource[]

  /**
   * These certificates are not accepted.
   */
  deniedSerials?: readonly SerialDenial[]
}

/**
 * How a {@link TrustStore} judges.
 */
export interface TrustStoreOptions {
  /**
   * By which policy: `rfc5280`, `fisco`, or `auto`, which takes `fisco` for an anchor that is of X.509 v1 or has no
   * basicConstraints, and `rfc5280` for all others.
   *
   * @default 'auto'
   */
  policy?: PolicyChoice

  /**
   * Most CA certificates between leaf and anchor, self-issued ones not counted; 0 to 255.
   *
   * @default 8
   */
  maxDepth?: number

  /**
   * Most issuers that are tried for one chain; 1 to 4,096.
   *
   * @default 256
   */
  maxSteps?: number
}

/**
 * Judges certificate chains under the consortium's CAs: path validation by a named policy, whether something in it is revoked, and
 * whether the leaf can be a node's.
 */
export class TrustStore extends TypedEventEmitter<TrustStoreEvents> {
  #anchors: readonly Certificate[]
  readonly now: () => number
  readonly #options: Required<TrustStoreOptions>
  readonly #revocations = new Revocations()
  readonly #issuers = new Issuers()
  #configured: Required<Omit<TrustUpdate, 'anchors'>> = { crls: [], deniedSerials: [] }

  /**
   * @param anchors - the trusted CA certificates
   * @param now - the clock, unix milliseconds
   * @throws InvalidParametersError if an option is out of range
   */
  constructor (anchors: readonly Certificate[], now: () => number = Date.now, options: TrustStoreOptions = {}) {
    super()
    this.#anchors = anchors
    this.now = now
    this.#options = checkOptions(options)
  }

  /**
   * The trusted CA certificates.
   */
  get anchors (): readonly Certificate[] {
    return this.#anchors
  }

  /**
   * The policy that was chosen.
   */
  get policy (): PolicyChoice {
    return this.#options.policy
  }

  /**
   * The newest CRL of each issuer of which one is held, with everything that the issuer has ever revoked.
   */
  get crls (): readonly HeldCrl[] {
    return this.#revocations.held
  }

  /**
   * The CRLs that were configured.
   */
  get configuredCrls (): readonly CrlSource[] {
    return this.#revocations.sources
  }

  /**
   * The certificates that were denied by their serial numbers.
   */
  get deniedSerials (): readonly SerialDenial[] {
    return this.#configured.deniedSerials
  }

  /**
   * Replaces what is configured. What was revoked before stays so.
   */
  update ({ anchors, ...configured }: TrustUpdate): void {
    this.#anchors = anchors ?? this.#anchors
    this.#configured = { crls: configured.crls ?? this.#configured.crls, deniedSerials: configured.deniedSerials ?? this.#configured.deniedSerials }
    this.#revocations.configure(this.#configured.crls, this.#configured.deniedSerials)
    const held = [...this.#anchors, ...this.#issuers.all()].flatMap(issuer => this.#revocations.meet(issuer, this.#isSubordinate(issuer.keyHash)))

    this.safeDispatchEvent('trust:change', { detail: { anchors: anchors != null } })
    held.forEach(detail => { this.safeDispatchEvent('trust:crl', { detail }) })
  }

  /**
   * The certificate of a CA that may sign CRLs which others bring: one of the trusted CAs, or one below them that was seen in an accepted chain.
   *
   * @param keyHash - SHA-256 of its SubjectPublicKeyInfo, lower-case hex
   */
  issuer (keyHash: string): Certificate | undefined {
    return this.#anchors.find(anchor => anchor.keyHash === keyHash) ?? this.#issuers.of(keyHash)[0]
  }

  /**
   * Takes a CRL from wherever. It can only revoke, and make nothing unacceptable by being out of date; but it makes up for a configured one of the same
   * issuer that is.
   *
   * @param der - one CRL in DER
   * @param keyHash - of the issuer, see {@link issuer}; the signature is verified before the list is read
   * @throws CrlRefusedError; nothing is changed then
   */
  learn (der: Uint8Array, keyHash: string): Crl {
    const issuers = [...this.#anchors.filter(anchor => anchor.keyHash === keyHash), ...this.#issuers.of(keyHash)]

    if (issuers.length === 0) {
      throw new CrlRefusedError('unknown-issuer', `no CA with the key ${keyHash} is trusted or was seen here`)
    }

    const crl = new Crl(der, issuers[0])
    const issuer = issuers.find(issuer => crl.namesIssuer(issuer) && maySignCrls(issuer)) ?? issuers[0]

    if (this.#revocations.learn(crl, issuer, this.#isSubordinate(keyHash), this.now())) {
      this.safeDispatchEvent('trust:change', { detail: { anchors: false } })
    }

    this.#revocations.held.filter(held => held.crl === crl).forEach(detail => { this.safeDispatchEvent('trust:crl', { detail }) })

    return crl
  }

  /**
   * Puts back what {@link crls} had before a restart.
   */
  restore (held: HeldCrl): void {
    this.#revocations.restore(held)
    this.safeDispatchEvent('trust:change', { detail: { anchors: false } })
  }

  /**
   * Judges a chain as a peer shows it: the leaf first, then intermediates in any order; certificates that are not
   * needed (the root, say) do no harm.
   *
   * @throws CertificateRefusedError with the rule that failed
   */
  judge (chain: readonly Certificate[], role?: CertificateRole): Verdict {
    const [leaf, ...others] = chain

    if (leaf == null) {
      throw new CertificateRefusedError('none was shown', { rule: 'no-certificate', subject: '', serial: '', hint: 'set key and cert in [network_security]' })
    }

    const bytes = chain.reduce((sum, certificate) => sum + certificate.der.byteLength, 0)

    if (chain.length > MAX_CHAIN_LENGTH || bytes > MAX_CHAIN_BYTES) {
      throw refusal(leaf, 'chain-too-long', `the chain has ${chain.length} certificates and ${bytes} bytes`, `at most ${MAX_CHAIN_LENGTH} certificates and ${MAX_CHAIN_BYTES} bytes are accepted`)
    }

    checkNode(leaf)

    const now = this.now()

    return validateChain(leaf, others, {
      ...this.#options,
      anchors: this.#anchors,
      now,
      role,
      judgePath: (path, anchor) => {
        path.slice(1).forEach((issuer, i) => { this.#meet(issuer, i < path.length - 2) })

        return this.#revocations.judge(path, anchor, now)
      }
    })
  }

  #isSubordinate (keyHash: string): boolean {
    return this.#issuers.isSubordinate(keyHash) && !this.#anchors.some(anchor => anchor.keyHash === keyHash)
  }

  /**
   * A CA below the trusted ones stands in a path that is good but for what may be revoked. The operator may have configured its CRL.
   */
  #meet (issuer: Certificate, subordinate: boolean): void {
    if (!this.#issuers.meet(issuer, subordinate)) {
      return
    }

    const held = this.#revocations.meet(issuer, subordinate)

    if (held.length > 0) {
      // not in the middle of a judgement
      queueMicrotask(() => {
        this.safeDispatchEvent('trust:change', { detail: { anchors: false } })
        held.forEach(detail => { this.safeDispatchEvent('trust:crl', { detail }) })
      })
    }
  }
}

function checkOptions (options: TrustStoreOptions): Required<TrustStoreOptions> {
  const { policy = 'auto', maxDepth = DEFAULT_MAX_DEPTH, maxSteps = DEFAULT_MAX_STEPS } = options

  if (!isPolicyChoice(policy)) {
    throw new InvalidParametersError(`policy must be rfc5280, fisco or auto, not ${JSON.stringify(policy)}`)
  }

  if (!Number.isInteger(maxDepth) || maxDepth < 0 || maxDepth > 255 || !Number.isInteger(maxSteps) || maxSteps < 1 || maxSteps > 4_096) {
    throw new InvalidParametersError('maxDepth must be a whole number of 0 to 255, and maxSteps one of 1 to 4,096')
  }

  return { policy, maxDepth, maxSteps }
}

/**
 * Whether a certificate can be a node's. The path does not matter here, and other users of certificates have other
 * needs, so it is no part of the policies.
 */
function checkNode (leaf: Certificate): void {
  const key = leaf.fields.keyInfo

  if (key.type === 'other' || (key.type === 'ec' && key.curve !== 'secp256k1')) {
    throw refusal(leaf, 'unsupported-key', `its key is of type ${key.type === 'ec' ? key.curve : key.algorithm}, for which js-libp2p has no PeerId`, 'use secp256k1, Ed25519 or RSA for nodes; a CA or agency may also use P-256, P-384 or P-521')
  }

  if (leaf.basicConstraints?.ca === true) {
    throw refusal(leaf, 'is-a-ca', 'it is a CA certificate, not a node\'s', 'issue a certificate with CA:FALSE for the node')
  }

  if (leaf.keyUsage?.includes('digitalSignature') === false) {
    throw refusal(leaf, 'key-usage', 'its keyUsage does not allow digitalSignature', 'issue a certificate whose keyUsage has digitalSignature')
  }
}
