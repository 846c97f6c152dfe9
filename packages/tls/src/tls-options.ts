import { constants } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { certificatesToPem } from '@fisco-libp2p/identity'
import { CIPHERS, FISCO_GROUPS, MODERN_GROUPS, POST_QUANTUM_GROUP, SIGNATURE_ALGORITHMS } from './constants.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { CommonConnectionOptions, SecureContextOptions } from 'node:tls'

/**
 * How this identity speaks TLS, on either side. The profile follows from its key; what is negotiated is the strongest
 * that both certificates allow.
 *
 * `rejectUnauthorized` is false so that the refused side hears the reason: OpenSSL judges all the same, and its verdict
 * is asked for before a byte goes up (see `confirm.ts`).
 *
 * @param chain - the certificates that are shown
 */
export function tlsOptions (identity: Identity, chain = identity.chain): SecureContextOptions & CommonConnectionOptions {
  return {
    key: identity.key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: certificatesToPem([...chain]),
    ca: identity.trust.anchors.map(anchor => anchor.x509.toString()),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    // TLS 1.3 has no signature scheme for secp256k1 (RFC 8446 4.2.3)
    maxVersion: identity.profile === 'fisco' ? 'TLSv1.2' : 'TLSv1.3',
    ciphers: CIPHERS,
    sigalgs: SIGNATURE_ALGORITHMS,
    ecdhCurve: identity.profile === 'fisco' ? FISCO_GROUPS : modernGroups(),
    honorCipherOrder: true,
    // a resumed session skips every check of the certificate, so there are none: without stateless tickets a session would
    // have to be stored to be resumed, and Node stores none. (TLS 1.3 sends tickets all the same; they lead nowhere.)
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
  }
}

/**
 * Node does not export this one on every version (openssl/ssl.h).
 */
const SSL_OP_NO_RENEGOTIATION = 1 << 30

let groups: string | undefined

function modernGroups (): string {
  if (groups == null) {
    const withPostQuantum = `${POST_QUANTUM_GROUP}:${MODERN_GROUPS}`

    try {
      createSecureContext({ ecdhCurve: withPostQuantum })
      groups = withPostQuantum
    } catch {
      groups = MODERN_GROUPS
    }
  }

  return groups
}
