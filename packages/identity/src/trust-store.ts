import { InvalidParametersError } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { DEFAULT_MAX_DEPTH, DEFAULT_MAX_STEPS, MAX_CHAIN_BYTES, MAX_CHAIN_LENGTH } from './constants.ts'
import { CertificateRefusedError } from './errors.ts'
import { isPolicyChoice } from './policy.ts'
import { refusal } from './refuse.ts'
import { validateChain } from './validate.ts'
import type { Certificate } from './certificate.ts'
import type { PolicyChoice } from './policy.ts'
import type { CertificateRole, Verdict } from './validate.ts'

/**
 * Events of a {@link TrustStore}.
 */
export interface TrustStoreEvents {
  /**
   * What the store trusts was replaced: whoever relies on an earlier verdict judges again.
   */
  'trust:change': CustomEvent<undefined>
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
 * Judges certificate chains under the consortium's CAs: path validation by a named policy, and on top of it whether the
 * leaf can be a node's.
 */
export class TrustStore extends TypedEventEmitter<TrustStoreEvents> {
  #anchors: readonly Certificate[]
  readonly now: () => number
  readonly #options: Required<TrustStoreOptions>

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
   * Trust these CAs, and no others, from now on.
   */
  replace (anchors: readonly Certificate[]): void {
    this.#anchors = anchors
    this.safeDispatchEvent('trust:change', { detail: undefined })
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

    return validateChain(leaf, others, { ...this.#options, anchors: this.#anchors, now: this.now(), role })
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
