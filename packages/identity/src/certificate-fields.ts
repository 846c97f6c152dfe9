import { oidText, timeValue } from './der-values.ts'
import { decodeDer, DerFields, TAG } from './der.ts'
import { InvalidDerError } from './errors.ts'
import { parseKeyInfo } from './key-info.ts'
import { parseName } from './name.ts'
import type { DerNode } from './der.ts'
import type { Extension } from './extensions.ts'
import type { KeyInfo } from './key-info.ts'
import type { Name } from './name.ts'

/**
 * The fields of a certificate (RFC 5280 section 4.1), as they stand in it.
 */
export interface CertificateFields {
  /**
   * 1, 2 or 3.
   */
  version: number

  /**
   * Content of the INTEGER: big-endian, two's complement.
   */
  serial: Uint8Array

  /**
   * AlgorithmIdentifier in the signed part and behind it, DER.
   */
  signedAlgorithm: Uint8Array
  algorithm: Uint8Array

  /**
   * OID of the second, and the OID of the hash in its parameters (RSASSA-PSS), if any.
   */
  algorithmId: string
  algorithmHash?: string
  issuer: Name

  /**
   * First and last moment of validity, unix milliseconds.
   */
  notBefore: number
  notAfter: number
  subject: Name

  /**
   * SubjectPublicKeyInfo, DER.
   */
  publicKey: Uint8Array
  keyInfo: KeyInfo

  /**
   * Whether it has an issuerUniqueID or subjectUniqueID.
   */
  uniqueIds: boolean

  /**
   * Undefined where there is no such field, which is something else than an empty one.
   */
  extensions?: Extension[]
}

/**
 * Reads a certificate: every field has its type, none is missing and none is left over.
 *
 * @throws InvalidDerError
 */
export function parseCertificate (der: Uint8Array): CertificateFields {
  const certificate = new DerFields(decodeDer(der), 'a certificate')
  const tbs = new DerFields(certificate.next(TAG.sequence), 'a certificate')
  const algorithm = certificate.next(TAG.sequence)
  certificate.next(TAG.bitString)
  certificate.end()

  const version = parseVersion(tbs.optional(0xa0))
  const serial = tbs.next(TAG.integer).content
  const signedAlgorithm = tbs.next(TAG.sequence).raw
  const issuer = parseName(tbs.next(TAG.sequence))
  const [notBefore, notAfter] = parseValidity(tbs.next(TAG.sequence))
  const subject = parseName(tbs.next(TAG.sequence))
  const publicKey = tbs.next(TAG.sequence)
  const uniqueIds = [tbs.optional(0x81), tbs.optional(0x82)].some(id => id != null)
  const extensions = parseExtensions(tbs.optional(0xa3))
  tbs.end()

  return {
    version,
    serial,
    signedAlgorithm,
    algorithm: algorithm.raw,
    ...parseAlgorithm(algorithm),
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey: publicKey.raw,
    keyInfo: parseKeyInfo(publicKey),
    uniqueIds,
    extensions
  }
}

function parseVersion (node?: DerNode): number {
  if (node == null) {
    return 1
  }

  const fields = new DerFields(node, 'the version', 0xa0)
  const { content } = fields.next(TAG.integer)
  fields.end()

  // a version of 1 is the default, which DER does not write
  if (content.byteLength > 1 || content[0] < 1 || content[0] > 2) {
    throw new InvalidDerError('its version is none of 1, 2 and 3', 0)
  }

  return content[0] + 1
}

/**
 * Reads an AlgorithmIdentifier of a signature.
 *
 * @throws InvalidDerError
 */
export function parseAlgorithm (node: DerNode): { algorithmId: string, algorithmHash?: string } {
  const fields = new DerFields(node, 'a signature algorithm')
  const algorithmId = oidText(fields.next(TAG.oid).content)
  // RFC 4055 section 3.1: RSASSA-PSS-params begin with [0] hashAlgorithm
  const hash = fields.rest()[0]?.children.find(({ tag }) => tag === 0xa0)?.children[0]?.children[0]

  return { algorithmId, algorithmHash: hash?.tag === TAG.oid ? oidText(hash.content) : undefined }
}

function parseValidity (node: DerNode): [number, number] {
  const fields = new DerFields(node, 'the validity')
  const times = [fields.next(TAG.utcTime, TAG.generalizedTime), fields.next(TAG.utcTime, TAG.generalizedTime)]
  fields.end()

  return [timeValue(times[0]), timeValue(times[1])]
}

function parseExtensions (node?: DerNode): Extension[] | undefined {
  if (node == null) {
    return undefined
  }

  const fields = new DerFields(node, 'the extensions', 0xa3)
  const list = parseExtensionList(fields.next(TAG.sequence))
  fields.end()

  return list
}

/**
 * Reads a list of extensions.
 *
 * @throws InvalidDerError, also if it is empty
 */
export function parseExtensionList (node: DerNode): Extension[] {
  const list = new DerFields(node, 'the extensions').rest()

  if (list.length === 0) {
    throw new InvalidDerError('the list of extensions is empty', 0)
  }

  return list.map(extension => {
    const parts = new DerFields(extension, 'an extension')
    const id = oidText(parts.next(TAG.oid).content)
    const critical = parts.optional(TAG.boolean)?.content[0] === 0xff
    const value = parts.next(TAG.octetString).content
    parts.end()

    return { id, critical, value }
  })
}
