import { parseAlgorithm, parseExtensionList } from './certificate-fields.ts'
import { MAX_CERTIFICATE_BYTES, MAX_CRL_BYTES, MAX_CRL_ENTRY_BYTES, MAX_CRL_NUMBER_BYTES, MAX_SERIAL_BYTES } from './constants.ts'
import { bitStringOctets, serialText, timeValue } from './der-values.ts'
import { decodeDer, DerFields, splitDer, TAG } from './der.ts'
import { CrlRefusedError, InvalidDerError } from './errors.ts'
import { readExtensions } from './extensions.ts'
import { parseName } from './name.ts'
import type { DerNode } from './der.ts'
import type { Extension } from './extensions.ts'
import type { Name } from './name.ts'

/**
 * What stands around the signed part of a CRL.
 */
export interface CrlSignature {
  /**
   * What is signed.
   */
  signed: Uint8Array
  signature: Uint8Array

  /**
   * AlgorithmIdentifier, DER; its OID; the OID of the hash in its parameters (RSASSA-PSS), if any.
   */
  algorithm: Uint8Array
  algorithmId: string
  algorithmHash?: string
}

/**
 * The fields of a complete CRL (RFC 5280 section 5.1).
 */
export interface CrlFields {
  issuer: Name

  /**
   * When it was made, and when the next one is due, unix milliseconds.
   */
  thisUpdate: number
  nextUpdate?: number

  /**
   * Undefined where the list has none, as those that `openssl ca` makes without a file `crlnumber`.
   */
  number?: bigint

  /**
   * keyIdentifier of the issuer's key.
   */
  authorityKeyId?: Uint8Array

  /**
   * Serial numbers, as `Certificate.serial` has them.
   */
  serials: ReadonlySet<string>
}

const CRL_NUMBER = '2.5.29.20'
const DELTA_INDICATOR = '2.5.29.27'
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28'
const CERTIFICATE_ISSUER = '2.5.29.29'
const AUTHORITY_KEY_ID = '2.5.29.35'

/**
 * Reads the frame of a CRL: at the same cost for a list of any length.
 *
 * @throws InvalidDerError
 */
export function parseCrlSignature (der: Uint8Array): CrlSignature {
  const [signed, algorithm, signature, ...more] = splitDer(der, MAX_CRL_BYTES)

  if (der[0] !== TAG.sequence || signature?.[0] !== TAG.bitString || algorithm[0] !== TAG.sequence || more.length > 0) {
    throw new InvalidDerError('a CRL is a sequence of list, algorithm and signature', 0)
  }

  return { signed, algorithm, ...parseAlgorithm(decodeDer(algorithm)), signature: bitStringOctets(decodeDer(signature)) }
}

/**
 * Reads the signed part of a CRL: every field has its type, none is missing and none is left over.
 *
 * @throws InvalidDerError
 * @throws CrlRefusedError for lists that are not complete ones of one issuer, or that have what is not understood here
 */
export function parseCrl ({ signed, algorithm }: CrlSignature): CrlFields {
  const tbs = new DerFields(decodeDer(signed, MAX_CRL_BYTES), 'a CRL')
  const version = tbs.optional(TAG.integer)

  if (version != null && !(version.content.byteLength === 1 && version.content[0] === 1)) {
    throw new InvalidDerError('its version is neither 1 nor 2', 0)
  }

  // RFC 5280 section 5.1.1.2
  if (Buffer.compare(tbs.next(TAG.sequence).raw, algorithm) !== 0) {
    throw new CrlRefusedError('signature-algorithm', 'it names two different signature algorithms')
  }

  const issuer = parseName(bounded(tbs.next(TAG.sequence), MAX_CERTIFICATE_BYTES))
  const thisUpdate = timeValue(tbs.next(TAG.utcTime, TAG.generalizedTime))
  const nextUpdate = tbs.optional(TAG.utcTime) ?? tbs.optional(TAG.generalizedTime)
  const entries = tbs.optional(TAG.sequence)
  const extensions = parseWrapped(tbs.optional(0xa0))
  tbs.end()

  if (version == null && extensions.length > 0) {
    throw new InvalidDerError('it is of version 1, and has extensions', 0)
  }

  checkExtensions(extensions, [CRL_NUMBER, AUTHORITY_KEY_ID])

  return {
    issuer,
    thisUpdate,
    nextUpdate: nextUpdate == null ? undefined : timeValue(nextUpdate),
    number: numberOf(extensions.find(({ id }) => id === CRL_NUMBER)),
    authorityKeyId: readExtensions(extensions.filter(({ id }) => id === AUTHORITY_KEY_ID)).authorityKeyId?.keyId,
    serials: new Set((entries?.children ?? []).flatMap(entry => parseEntry(entry, version != null)))
  }
}

function parseWrapped (node?: DerNode): Extension[] {
  if (node == null) {
    return []
  }

  const fields = new DerFields(bounded(node, MAX_CERTIFICATE_BYTES), 'the extensions', 0xa0)
  const list = parseExtensionList(fields.next(TAG.sequence))
  fields.end()

  return list
}

/**
 * @param extended - whether entries of this version may have extensions
 * @returns the serial number; none for one that no certificate can have here
 */
function parseEntry (node: DerNode, extended: boolean): string[] {
  const fields = new DerFields(bounded(node, MAX_CRL_ENTRY_BYTES), 'an entry of a CRL')
  const serial = fields.next(TAG.integer).content
  timeValue(fields.next(TAG.utcTime, TAG.generalizedTime))
  const extensions = extended ? fields.optional(TAG.sequence) : undefined
  fields.end()

  if (extensions != null) {
    checkExtensions(parseExtensionList(extensions), [])
  }

  return serial.byteLength > MAX_SERIAL_BYTES ? [] : [serialText(serial)]
}

/**
 * Only the list of entries is long in an honest CRL. What is read in other parts costs more than its length, and has the limits that it has in certificates.
 */
function bounded (node: DerNode, maxBytes: number): DerNode {
  if (node.raw.byteLength > maxBytes) {
    throw new InvalidDerError(`a part of it has ${node.raw.byteLength} bytes, more than ${maxBytes}`, 0)
  }

  return node
}

function checkExtensions (extensions: readonly Extension[], known: readonly string[]): void {
  const seen = new Set<string>()

  for (const { id, critical } of extensions) {
    if (seen.has(id)) {
      throw new CrlRefusedError('duplicate-extension', `it has the extension ${id} twice`)
    }

    seen.add(id)

    // what a delta CRL leaves out is not revoked by it, and an indirect one speaks of what others issued
    if (id === DELTA_INDICATOR) {
      throw new CrlRefusedError('delta', 'it is a delta CRL; only complete ones are taken')
    }

    if (id === ISSUING_DISTRIBUTION_POINT || id === CERTIFICATE_ISSUER) {
      throw new CrlRefusedError('indirect', 'it is indirect, or of a part of the certificates only; a CRL must be of all certificates that its issuer issued')
    }

    if (critical && !known.includes(id)) {
      throw new CrlRefusedError('unknown-critical-extension', `it has the critical extension ${id}, which is not understood here`)
    }
  }
}

function numberOf (extension?: Extension): bigint | undefined {
  if (extension == null) {
    return undefined
  }

  const { tag, content } = decodeDer(extension.value)

  if (tag !== TAG.integer || content[0] >= 0x80 || content.byteLength > MAX_CRL_NUMBER_BYTES) {
    throw new InvalidDerError(`its number is not a whole number of at most ${MAX_CRL_NUMBER_BYTES} bytes`, 0)
  }

  return BigInt(`0x${Buffer.from(content).toString('hex')}`)
}
