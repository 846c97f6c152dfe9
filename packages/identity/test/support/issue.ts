import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { Certificate } from '@fisco-libp2p/identity'
import { bits, boolean, commonName, integer, octets, oid, sequence, time, tlv } from './der.ts'
import type { Der } from './der.ts'
import type { KeyObject } from 'node:crypto'

const DAY = 24 * 60 * 60 * 1000

export interface KeyPair {
  privateKey: KeyObject
  publicKey: KeyObject
}

/**
 * A key of a kind that is made quickly.
 */
export function newKey (): KeyPair {
  return generateKeyPairSync('ed25519')
}

/**
 * What a certificate is made of. Each part can be replaced by anything, right or wrong.
 */
export interface Parts {
  /**
   * Content of the version field, one less than the version; undefined leaves it out.
   */
  version?: number
  serial?: Der
  issuer: Der
  subject: Der
  notBefore?: Der
  notAfter?: Der
  spki?: Der
  uniqueId?: Der

  /**
   * The extensions by name. `undefined` leaves one out.
   */
  extensions?: Record<string, Der | undefined>

  /**
   * AlgorithmIdentifier in the signed part, and behind it.
   */
  algorithm?: Der
  outerAlgorithm?: Der
  key?: KeyPair
  signer: KeyPair

  /**
   * Signs the signed part in another way than is usual for the signer's kind of key.
   */
  sign?(tbs: Uint8Array): Uint8Array
}

/**
 * A certificate with its key.
 */
export interface Issued {
  certificate: Certificate
  der: Buffer
  key: KeyPair
  name: Der
}

const ED25519 = sequence(oid('1.3.101.112'))

/**
 * The bytes of a certificate, signed as its signer's kind of key does.
 */
export function encode (parts: Parts & { key: KeyPair }): Buffer {
  const algorithm = parts.algorithm ?? algorithmOf(parts.signer.privateKey)
  const extensions = Object.values(parts.extensions ?? {}).filter(extension => extension != null)

  const tbs = sequence(
    ...(parts.version == null ? [] : [tlv(0xa0, integer(parts.version))]),
    parts.serial ?? tlv(0x02, Buffer.concat([Buffer.from([0x4d]), randomBytes(15)])),
    algorithm,
    parts.issuer,
    sequence(parts.notBefore ?? time(new Date(Date.now() - DAY)), parts.notAfter ?? time(new Date(Date.now() + 365 * DAY))),
    parts.subject,
    parts.spki ?? parts.key.publicKey.export({ format: 'der', type: 'spki' }),
    ...(parts.uniqueId == null ? [] : [parts.uniqueId]),
    ...(extensions.length === 0 ? [] : [tlv(0xa3, sequence(...extensions))])
  )
  const hash = parts.signer.privateKey.asymmetricKeyType === 'ed25519' ? undefined : 'sha256'
  const signature = parts.sign == null ? sign(hash, tbs, parts.signer.privateKey) : parts.sign(tbs)

  return sequence(tbs, parts.outerAlgorithm ?? algorithm, bits(signature))
}

function algorithmOf (key: KeyObject): Der {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return sequence(oid('1.2.840.10045.4.3.2'))
    case 'rsa':
      return sequence(oid('1.2.840.113549.1.1.11'), tlv(0x05))
    default:
      return ED25519
  }
}

/**
 * An Extension.
 */
export function extension (id: string, critical: boolean, value: Uint8Array): Der {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value))
}

export function basicConstraints (ca: boolean, pathLength?: number, critical = true): Der {
  return extension('2.5.29.19', critical, sequence(...(ca ? [boolean(true)] : []), ...(pathLength == null ? [] : [integer(pathLength)])))
}

/**
 * @param flags - the bits of keyUsage, the first one (digitalSignature) being the highest
 */
export function keyUsage (flags: number, critical = true): Der {
  return extension('2.5.29.15', critical, bits(Buffer.from([flags])))
}

export const KEY_CERT_SIGN = 0x04
export const DIGITAL_SIGNATURE = 0x80

export function extendedKeyUsage (...usages: string[]): Der {
  return extension('2.5.29.37', false, sequence(...usages.map(oid)))
}

export function keyId ({ publicKey }: KeyPair): Buffer {
  return createHash('sha1').update(publicKey.export({ format: 'der', type: 'spki' })).digest()
}

export function subjectKeyId (key: KeyPair, critical = false): Der {
  return extension('2.5.29.14', critical, octets(keyId(key)))
}

export function authorityKeyId (key: KeyPair, critical = false): Der {
  return extension('2.5.29.35', critical, sequence(tlv(0x80, keyId(key))))
}

export function subjectAltName (names: Der[], critical = false): Der {
  return extension('2.5.29.17', critical, sequence(...names))
}

export function nameConstraints ({ permitted, excluded }: { permitted?: Der[], excluded?: Der[] }, critical = true): Der {
  const list = (tag: number, bases?: Der[]): Der[] => bases == null ? [] : [tlv(tag, ...bases.map(base => sequence(base)))]

  return extension('2.5.29.30', critical, sequence(...list(0xa0, permitted), ...list(0xa1, excluded)))
}

export function dns (text: string): Der {
  return tlv(0x82, Buffer.from(text))
}

export function ip (...bytes: number[]): Der {
  return tlv(0x87, Buffer.from(bytes))
}

export function directory (name: Der): Der {
  return tlv(0xa4, name)
}

/**
 * How a certificate departs from a good one.
 */
export type Changes = Partial<Omit<Parts, 'extensions' | 'signer'>> & { extensions?: Record<string, Der | undefined> }

/**
 * A root as RFC 5280 wants it, but for the changes.
 */
export function root (changes: Changes = {}, text = 'root'): Issued {
  const key = changes.key ?? newKey()
  const subject = changes.subject ?? commonName(text)

  return make({ ...changes, version: 'version' in changes ? changes.version : 2, key, subject, issuer: changes.issuer ?? subject, signer: key }, caExtensions(key, changes))
}

/**
 * A CA below `issuer`.
 */
export function agency (issuer: Issued, changes: Changes = {}, text = 'agency'): Issued {
  const key = changes.key ?? newKey()

  return below(issuer, { subject: commonName(text), ...changes, key }, { authorityKeyId: authorityKeyId(issuer.key), ...caExtensions(key, changes) })
}

/**
 * A node's certificate below `issuer`.
 */
export function leaf (issuer: Issued, changes: Changes = {}, text = 'node0'): Issued {
  const key = changes.key ?? newKey()

  return below(issuer, { subject: commonName(text), ...changes, key }, {
    basicConstraints: basicConstraints(false),
    keyUsage: keyUsage(DIGITAL_SIGNATURE),
    subjectKeyId: subjectKeyId(key),
    authorityKeyId: authorityKeyId(issuer.key),
    ...changes.extensions
  })
}

function caExtensions (key: KeyPair, changes: Changes): Record<string, Der | undefined> {
  return { basicConstraints: basicConstraints(true), keyUsage: keyUsage(KEY_CERT_SIGN), subjectKeyId: subjectKeyId(key), ...changes.extensions }
}

function below (issuer: Issued, changes: Changes & { key: KeyPair, subject: Der }, extensions: Record<string, Der | undefined>): Issued {
  return make({ ...changes, version: 'version' in changes ? changes.version : 2, issuer: changes.issuer ?? issuer.name, signer: issuer.key }, extensions)
}

function make (parts: Omit<Parts, 'extensions'> & { key: KeyPair }, extensions: Record<string, Der | undefined>): Issued {
  const der = encode({ ...parts, extensions })

  return { certificate: new Certificate(der), der, key: parts.key, name: parts.subject }
}
