import { createHash } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import { InvalidParametersError } from './errors.ts'
import type { KeyType } from './keys.ts'

/**
 * What a certificate is for: the root of a chain, an agency (intermediate CA), or a node.
 */
export type Role = 'chain' | 'agency' | 'node'

const { KeyUsageFlags } = asn1
const USAGES: Record<string, string> = { serverAuth: asn1.id_kp_serverAuth, clientAuth: asn1.id_kp_clientAuth }

/**
 * What {@link extensionsFor} goes by.
 */
export interface ExtensionProfile {
  role: Role

  /**
   * Kind of the certified key.
   */
  keyType: KeyType

  /**
   * SubjectPublicKeyInfo of the certified key, DER.
   */
  publicKey: Uint8Array

  /**
   * Subject key identifier of the issuer; undefined for a root, and for an issuer that has none (an X.509 v1 root of
   * FISCO BCOS's tools): then there is nothing to refer to.
   */
  issuerKeyId?: Uint8Array

  /**
   * How many CAs may stand below this CA; undefined for any number.
   */
  pathLength?: number

  /**
   * `serverAuth`, `clientAuth` or OIDs; undefined for none, as FISCO BCOS's tools issue.
   */
  extendedKeyUsage?: readonly string[]
}

/**
 * The extensions of a certificate (RFC 5280 section 4.2).
 *
 * @throws InvalidParametersError for an extended key usage that is no OID
 */
export function extensionsFor (profile: ExtensionProfile): asn1.Extension[] {
  const isCa = profile.role !== 'node'
  const extensions = [
    extension(asn1.id_ce_basicConstraints, true, new asn1.BasicConstraints({ cA: isCa, pathLenConstraint: isCa ? profile.pathLength : undefined })),
    extension(asn1.id_ce_keyUsage, true, new asn1.KeyUsage(keyUsage(profile))),
    extension(asn1.id_ce_subjectKeyIdentifier, false, new asn1.SubjectKeyIdentifier(keyIdentifier(profile.publicKey)))
  ]

  if (profile.issuerKeyId != null) {
    extensions.push(extension(asn1.id_ce_authorityKeyIdentifier, false, new asn1.AuthorityKeyIdentifier({
      keyIdentifier: new asn1.KeyIdentifier(profile.issuerKeyId)
    })))
  }

  if (profile.extendedKeyUsage != null) {
    extensions.push(extension(asn1.id_ce_extKeyUsage, false, new asn1.ExtendedKeyUsage(profile.extendedKeyUsage.map(usageOid))))
  }

  return extensions
}

function keyUsage (profile: ExtensionProfile): number {
  if (profile.role !== 'node') {
    return KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
  }

  const signing = KeyUsageFlags.nonRepudiation | KeyUsageFlags.digitalSignature

  // FISCO BCOS's tools give keyEncipherment to every node. RFC 8410 section 5 forbids it for Ed25519, which cannot encipher
  return profile.keyType === 'ed25519' ? signing : signing | KeyUsageFlags.keyEncipherment
}

/**
 * Key identifier by method 1 of RFC 5280 section 4.2.1.2: SHA-1 of the subjectPublicKey bits. A label, not a
 * protection.
 *
 * @param publicKey - SubjectPublicKeyInfo, DER
 */
export function keyIdentifier (publicKey: Uint8Array): Buffer {
  const { subjectPublicKey } = AsnConvert.parse(publicKey, asn1.SubjectPublicKeyInfo)

  return createHash('sha1').update(Buffer.from(subjectPublicKey)).digest()
}

function usageOid (usage: string): string {
  const oid = USAGES[usage] ?? usage

  if (!/^[0-2](\.(0|[1-9]\d{0,8})){2,20}$/.test(oid)) {
    throw new InvalidParametersError(`extendedKeyUsage must be serverAuth, clientAuth or an OID such as ${asn1.id_kp_serverAuth}, not ${JSON.stringify(usage)}`)
  }

  return oid
}

/**
 * The subject key identifier of a certificate, undefined if it has none.
 */
export function subjectKeyId (certificate: asn1.TBSCertificate): Uint8Array | undefined {
  const found = certificate.extensions?.find(({ extnID }) => extnID === asn1.id_ce_subjectKeyIdentifier)

  return found == null ? undefined : new Uint8Array(AsnConvert.parse(found.extnValue.buffer, asn1.SubjectKeyIdentifier).buffer)
}

/**
 * One extension.
 *
 * @param value - what {@link AsnConvert} can serialize
 */
export function extension (extnID: string, critical: boolean, value: unknown): asn1.Extension {
  return new asn1.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}
