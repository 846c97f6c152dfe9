import { createPrivateKey, createPublicKey } from 'node:crypto'
import { Certificate, decodeDer } from '@fisco-libp2p/identity'
import { octets, sequence, tlv } from './der.ts'
import { basicConstraints, encode, extension, KEY_CERT_SIGN, keyUsage } from './issue.ts'
import type { KeyPair } from './issue.ts'
import type { CertificateAuthority } from '@fisco-libp2p/ca'

/**
 * A second certificate of an agency's name, key and key identifier, issued by another CA, which says that it may not sign CRLs.
 */
export function withoutCrlSign (issuer: CertificateAuthority, agency: CertificateAuthority): Certificate {
  const [above, own] = [issuer, agency].map(({ der }) => new Certificate(der))

  return new Certificate(encode({
    version: 2,
    issuer: subjectOf(above),
    subject: subjectOf(own),
    key: keysOf(agency),
    signer: keysOf(issuer),
    extensions: {
      basicConstraints: basicConstraints(true, 0),
      keyUsage: keyUsage(KEY_CERT_SIGN),
      subjectKeyId: extension('2.5.29.14', false, octets(own.extensions.subjectKeyId ?? new Uint8Array())),
      authorityKeyId: extension('2.5.29.35', false, sequence(tlv(0x80, above.extensions.subjectKeyId ?? new Uint8Array())))
    }
  }))
}

function subjectOf ({ der }: Certificate): Buffer {
  const [tbs] = decodeDer(der).children

  // version, serial number, algorithm, issuer, validity, subject
  return Buffer.from(tbs.children[5].raw)
}

function keysOf ({ key }: CertificateAuthority): KeyPair {
  return { privateKey: createPrivateKey(key), publicKey: createPublicKey(key) }
}
