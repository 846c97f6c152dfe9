import { TypedEventEmitter } from 'main-event'
import { MAX_CHAIN_BYTES, MAX_CHAIN_LENGTH, MAX_RSA_BITS, MIN_RSA_BITS } from './constants.ts'
import { CertificateRefusedError } from './errors.ts'
import type { Certificate } from './certificate.ts'
import type { CertificateRule } from './errors.ts'
import type { KeyObject } from 'node:crypto'

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
}

/**
 * Events of a {@link TrustStore}.
 */
export interface TrustStoreEvents {
  /**
   * What the store trusts was replaced: whoever relies on an earlier verdict judges again.
   */
  'trust:change': CustomEvent<undefined>
}

const EXTENDED_KEY_USAGE: Record<CertificateRole, string> = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' }
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0'
const CA_CURVES = ['secp256k1', 'prime256v1', 'secp384r1', 'secp521r1']

/**
 * Judges certificate chains under the consortium's CAs (RFC 5280 section 6, with the relaxation that FISCO BCOS's
 * certificates need: an anchor may be an X.509 v1 certificate, without basicConstraints).
 */
export class TrustStore extends TypedEventEmitter<TrustStoreEvents> {
  #anchors: readonly Certificate[]
  readonly now: () => number

  /**
   * @param anchors - the trusted CA certificates
   * @param now - the clock, unix milliseconds
   */
  constructor (anchors: readonly Certificate[], now: () => number = Date.now) {
    super()
    this.#anchors = anchors
    this.now = now
  }

  /**
   * The trusted CA certificates.
   */
  get anchors (): readonly Certificate[] {
    return this.#anchors
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
      throw refuse(leaf, 'chain-too-long', `the chain has ${chain.length} certificates and ${bytes} bytes`, `at most ${MAX_CHAIN_LENGTH} certificates and ${MAX_CHAIN_BYTES} bytes are accepted`)
    }

    checkKey(leaf, ['secp256k1'])
    this.checkLeaf(leaf, role)

    return this.findPath([leaf], others)
  }

  private checkLeaf (leaf: Certificate, role?: CertificateRole): void {
    if (leaf.basicConstraints?.ca === true) {
      throw refuse(leaf, 'is-a-ca', 'it is a CA certificate, not a node\'s', 'issue a certificate with CA:FALSE for the node')
    }

    if (leaf.keyUsage?.includes('digitalSignature') === false) {
      throw refuse(leaf, 'key-usage', 'its keyUsage does not allow digitalSignature', 'issue a certificate whose keyUsage has digitalSignature')
    }

    const usages = leaf.extendedKeyUsage

    if (role != null && usages != null && !usages.includes(EXTENDED_KEY_USAGE[role]) && !usages.includes(ANY_EXTENDED_KEY_USAGE)) {
      throw refuse(leaf, 'key-usage', `its extendedKeyUsage does not allow it as TLS ${role}`, 'a node dials and listens: issue a certificate for both roles, or without extendedKeyUsage')
    }

    this.checkValidity(leaf)
  }

  /**
   * Walks up from the last certificate of `path`, trying every issuer that fits. The walk ends: a certificate is used
   * once, and there are at most {@link MAX_CHAIN_LENGTH}.
   */
  private findPath (path: Certificate[], pool: Certificate[]): Verdict {
    const last = path[path.length - 1]
    let refusal: CertificateRefusedError | undefined

    for (const anchor of this.anchors.filter(anchor => last.namesIssuer(anchor))) {
      try {
        checkKey(anchor, CA_CURVES)
        checkIssuer(anchor, path, { anchor: true })
        checkSignature(last, anchor)

        return { path, anchor }
      } catch (err) {
        refusal = err
      }
    }

    for (const issuer of pool.filter(other => last.namesIssuer(other) && !path.some(used => used.equals(other)))) {
      try {
        checkKey(issuer, CA_CURVES)
        checkIssuer(issuer, path, { anchor: false })
        this.checkValidity(issuer)
        checkSignature(last, issuer)

        return this.findPath([...path, issuer], pool)
      } catch (err) {
        refusal ??= err
      }
    }

    throw refusal ?? this.untrusted(path)
  }

  private untrusted (path: Certificate[]): CertificateRefusedError {
    const last = path[path.length - 1]

    if (last.selfIssued) {
      return refuse(last, 'self-signed', 'it is self-signed, and not one of the trusted CAs', 'have the certificate issued by an agency of the consortium')
    }

    const trusted = this.anchors.map(anchor => anchor.subject).join(' | ')

    return refuse(last, 'untrusted-issuer', `its issuer "${last.issuer}" is neither a trusted CA (${trusted}) nor in the chain that was shown`,
      'add the agency\'s certificate to the node\'s node.crt, or the CA to the other side\'s ca.crt')
  }

  private checkValidity (certificate: Certificate): void {
    const now = this.now()

    if (now < certificate.notBefore) {
      throw refuse(certificate, 'not-yet-valid', `it is valid from ${new Date(certificate.notBefore).toISOString()}, and it is ${new Date(now).toISOString()}`, 'check the clocks of both nodes')
    }

    if (now > certificate.notAfter) {
      throw refuse(certificate, 'expired', `it was valid until ${new Date(certificate.notAfter).toISOString()}, and it is ${new Date(now).toISOString()}`, 'have it renewed, or check the clock')
    }
  }
}

/**
 * Key type and size are checked before any signature is computed with the key.
 */
function checkKey (certificate: Certificate, curves: string[]): void {
  const key: KeyObject = certificate.publicKey
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}

  if (key.asymmetricKeyType === 'ed25519' || (key.asymmetricKeyType === 'ec' && namedCurve != null && curves.includes(namedCurve))) {
    return
  }

  if (key.asymmetricKeyType !== 'rsa') {
    throw refuse(certificate, 'unsupported-key', `its key is of type ${namedCurve ?? key.asymmetricKeyType ?? 'unknown'}, for which js-libp2p has no PeerId`, 'use secp256k1, Ed25519 or RSA for nodes; a CA or agency may also use P-256, P-384 or P-521')
  }

  if (modulusLength == null || modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
    throw refuse(certificate, 'weak-key', `its RSA key has ${modulusLength} bits`, `use ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`)
  }
}

/**
 * May `issuer` have issued the last certificate of `path`?
 */
function checkIssuer (issuer: Certificate, path: Certificate[], options: { anchor: boolean }): void {
  const constraints = issuer.basicConstraints

  // a FISCO BCOS root is of X.509 v1 and has no basicConstraints: it is a CA because the operator says so
  if (constraints == null ? !options.anchor : !constraints.ca) {
    throw refuse(issuer, 'not-a-ca', 'it is not a CA, yet it issued a certificate of the chain', 'the CA of the consortium must issue the agency\'s certificate with CA:TRUE')
  }

  // RFC 5280 4.2.1.9: how many intermediates may follow, self-issued ones and the leaf not counted
  const below = path.slice(1).filter(certificate => !certificate.selfIssued).length

  if (constraints?.pathLength != null && below > constraints.pathLength) {
    throw refuse(issuer, 'path-length', `it allows ${constraints.pathLength} CAs below it, and there are ${below}`, 'have the node\'s certificate issued higher up in the chain')
  }

  if (issuer.keyUsage?.includes('keyCertSign') === false) {
    throw refuse(issuer, 'key-usage', 'its keyUsage does not allow keyCertSign', 'reissue the CA certificate with keyCertSign')
  }
}

function checkSignature (certificate: Certificate, issuer: Certificate): void {
  if (!certificate.x509.verify(issuer.publicKey)) {
    throw refuse(certificate, 'bad-signature', `it is not signed by the key of "${issuer.subject}"`, 'another CA of the same name issued it: compare the ca.crt of both nodes')
  }
}

function refuse (certificate: Certificate, rule: CertificateRule, what: string, hint: string): CertificateRefusedError {
  return new CertificateRefusedError(what, { rule, subject: certificate.subject, serial: certificate.serial, hint })
}
