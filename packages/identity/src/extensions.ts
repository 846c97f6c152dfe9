import { integerProblem } from './der-check.ts'
import { limitValue, oidText } from './der-values.ts'
import { decodeDer, DerFields, TAG } from './der.ts'
import { InvalidDerError } from './errors.ts'
import { parseGeneralNames } from './general-name.ts'
import type { DerNode } from './der.ts'
import type { GeneralName } from './general-name.ts'

/**
 * An extension as it stands in a certificate.
 */
export interface Extension {
  id: string
  critical: boolean
  value: Uint8Array
}

/**
 * The extensions that a judgement looks into (RFC 5280 section 4.2.1); each is undefined where there is none.
 */
export interface KnownExtensions {
  basicConstraints?: { critical: boolean, ca: boolean, pathLength?: number }

  /**
   * Names of the bits that are set.
   */
  keyUsage?: string[]

  /**
   * OIDs.
   */
  extendedKeyUsage?: string[]
  subjectKeyId?: Uint8Array

  /**
   * `keyId` is undefined where the issuer is named by other means.
   */
  authorityKeyId?: { keyId?: Uint8Array }
  subjectAltName?: { critical: boolean, names: GeneralName[] }
  nameConstraints?: NameConstraints
}

/**
 * Where the names of all certificates below a CA must lie, and where they must not.
 */
export interface NameConstraints {
  permitted: GeneralName[]
  excluded: GeneralName[]

  /**
   * Whether a base has a minimum or maximum, which RFC 5280 does not use.
   */
  distances: boolean
}

const KEY_USAGES = ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'crlSign', 'encipherOnly', 'decipherOnly']

const READERS: Record<string, (known: KnownExtensions, node: DerNode, critical: boolean) => void> = {
  '2.5.29.14': (known, node) => { known.subjectKeyId = keyId(node, TAG.octetString) },
  '2.5.29.15': (known, node) => { known.keyUsage = keyUsage(node) },
  '2.5.29.17': (known, node, critical) => { known.subjectAltName = { critical, names: parseGeneralNames(new DerFields(node, 'subjectAltName').rest()) } },
  '2.5.29.19': (known, node, critical) => { known.basicConstraints = { critical, ...basicConstraints(node) } },
  '2.5.29.30': (known, node) => { known.nameConstraints = nameConstraints(node) },
  '2.5.29.35': (known, node) => { known.authorityKeyId = authorityKeyId(node) },
  '2.5.29.37': (known, node) => { known.extendedKeyUsage = extendedKeyUsage(node) }
}

/**
 * The OIDs of {@link KnownExtensions}.
 */
export const KNOWN_EXTENSIONS: readonly string[] = Object.keys(READERS)

/**
 * Reads the extensions that are known; of several with one OID the last counts (a certificate with such is refused for it).
 *
 * @throws InvalidDerError that says which one cannot be read
 */
export function readExtensions (extensions: readonly Extension[]): KnownExtensions {
  const known: KnownExtensions = {}

  for (const { id, critical, value } of extensions) {
    try {
      READERS[id]?.(known, decodeDer(value), critical)
    } catch (err) {
      throw err instanceof InvalidDerError ? new InvalidDerError(`its extension ${id}: ${err.message}`, err.offset) : err
    }
  }

  return known
}

function basicConstraints (node: DerNode): { ca: boolean, pathLength?: number } {
  const fields = new DerFields(node, 'basicConstraints')
  const ca = fields.optional(TAG.boolean)?.content[0] === 0xff
  const pathLength = fields.optional(TAG.integer)
  fields.end()

  return { ca, pathLength: pathLength == null ? undefined : limitValue(pathLength.content) }
}

function keyUsage (node: DerNode): string[] {
  if (node.tag !== TAG.bitString || node.content.byteLength > 3) {
    throw new InvalidDerError('keyUsage is no bit string of at most 9 bits', 0)
  }

  return KEY_USAGES.filter((_, bit) => ((node.content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

function extendedKeyUsage (node: DerNode): string[] {
  const usages = new DerFields(node, 'extKeyUsage').rest().map(({ tag, content }) => tag === TAG.oid ? oidText(content) : '')

  if (usages.length === 0 || usages.includes('')) {
    throw new InvalidDerError('extKeyUsage is no list of at least one usage', 0)
  }

  return usages
}

function authorityKeyId (node: DerNode): { keyId?: Uint8Array } {
  const fields = new DerFields(node, 'authorityKeyIdentifier')
  const id = fields.optional(0x80)
  const issuer = fields.optional(0xa1)
  const serial = fields.optional(0x82)
  fields.end()

  if ((issuer == null) !== (serial == null) || (serial != null && integerProblem(serial.content) != null)) {
    throw new InvalidDerError('authorityKeyIdentifier must have both the issuer\'s name and its serial number, or none of them', 0)
  }

  if (issuer != null) {
    parseGeneralNames(issuer.children)
  }

  return { keyId: id == null ? undefined : keyId(id, 0x80) }
}

function keyId (node: DerNode, tag: number): Uint8Array {
  if (node.tag !== tag || node.content.byteLength === 0) {
    throw new InvalidDerError('a key identifier is no string of bytes', 0)
  }

  return node.content
}

function nameConstraints (node: DerNode): NameConstraints {
  const fields = new DerFields(node, 'nameConstraints')
  const lists = [fields.optional(0xa0), fields.optional(0xa1)]
  fields.end()

  if (lists.every(list => list == null)) {
    throw new InvalidDerError('nameConstraints permits nothing and excludes nothing', 0)
  }

  let distances = false
  const [permitted, excluded] = lists.map(list => list == null
    ? []
    : parseGeneralNames(list.children.map(subtree => {
      const parts = new DerFields(subtree, 'a name constraint')
      const base = parts.next()
      const distance = [parts.optional(0x80), parts.optional(0x81)]
      parts.end()
      distances ||= distance.some(value => value != null)

      return base
    }), true))

  return { permitted, excluded, distances }
}
