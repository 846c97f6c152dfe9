import { createPublicKey, verify } from 'node:crypto'
import { decodeDer } from '@fisco-libp2p/identity'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { InvalidParametersError } from './errors.ts'
import type { DerNode } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * Digest of each algorithm that a request may be signed with (RFC 5758 section 3.2, RFC 4055 section 5, RFC 8410 section 3); Ed25519 has its own.
 */
const DIGESTS: Record<string, string | null> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.3.101.112': null
}

/**
 * The public key that a certificate is requested for, in PKCS#10 (RFC 2986), as `openssl req -new` writes it. The request is signed with that key: whoever
 * made it has the private one. What else it asks for (subject, extensions) is for the issuer to decide, and not read.
 *
 * @param pem - `CERTIFICATE REQUEST`
 * @throws InvalidParametersError if it cannot be read, or the signature is not of that key
 */
export function readRequest (pem: string): KeyObject {
  const block = /-----BEGIN (NEW )?CERTIFICATE REQUEST-----([^-]+)-----END \1?CERTIFICATE REQUEST-----/.exec(pem)?.[2]

  if (block == null) {
    throw new InvalidParametersError('csr holds no certificate request in PEM: make one with openssl req -new')
  }

  let key: KeyObject
  let isSigned: boolean

  try {
    const [info, algorithm, signature] = fields(decodeDer(Buffer.from(block, 'base64')), 3)
    const digest = DIGESTS[AsnConvert.parse(algorithm.raw, AlgorithmIdentifier).algorithm]

    if (digest === undefined) {
      throw new Error('it is signed by an algorithm that is not known: sign it with SHA-256')
    }

    // version, subject, key, attributes
    key = createPublicKey({ key: Buffer.from(fields(info, 4)[2].raw), format: 'der', type: 'spki' })
    // the first octet of a BIT STRING counts unused bits
    isSigned = verify(digest, info.raw, key, signature.content.subarray(1))
  } catch (err) {
    throw new InvalidParametersError(`csr cannot be read: ${err.message}`, { cause: err })
  }

  if (!isSigned) {
    throw new InvalidParametersError('csr is not signed with the key that it names: it was changed, or made by somebody who does not have that key')
  }

  return key
}

function fields ({ children }: DerNode, count: number): DerNode[] {
  if (children.length !== count) {
    throw new Error('it is no certificate request')
  }

  return children
}
