import { MAX_CRL_BYTES } from '@fisco-libp2p/identity'
import { fromString, toString } from 'uint8arrays'
import { MAX_NOTICES } from './constants.ts'
import { CrlNotices } from './pb/messages.ts'
import type { HeldCrl } from '@fisco-libp2p/identity'

/**
 * What a node says of a CRL that it holds.
 */
export interface Notice {
  /**
   * SHA-256 of the issuer's SubjectPublicKeyInfo, lower-case hex.
   */
  issuer: string

  /**
   * CRL number, where it has one.
   */
  number?: bigint

  /**
   * Unix milliseconds.
   */
  thisUpdate: number

  /**
   * SHA-256 of the CRL in DER, lower-case hex.
   */
  hash: string

  /**
   * Bytes.
   */
  size: number
}

const HASH_BYTES = 32
const MAX_NUMBER_BYTES = 20

/**
 * The status entry of a node that holds these CRLs. Where there are too many: those of the trusted CAs and of the agencies below them, of those the ones that were made
 * last; an agency that may make any number of CAs must not push out what others have revoked.
 */
export function encodeNotices (held: readonly HeldCrl[]): Uint8Array {
  const latest = [...held].sort((a, b) => Number(a.subordinate) - Number(b.subordinate) || b.crl.fields.thisUpdate - a.crl.fields.thisUpdate).slice(0, MAX_NOTICES)

  return CrlNotices.encode({
    notices: latest.map(({ issuerKeyHash, crl }) => ({
      issuer: fromString(issuerKeyHash, 'hex'),
      number: crl.fields.number == null ? undefined : numberBytes(crl.fields.number),
      thisUpdate: crl.fields.thisUpdate,
      hash: fromString(crl.hash, 'hex'),
      size: crl.der.byteLength
    }))
  })
}

/**
 * Reads the status entry of another node. Total: what makes no sense is left out.
 */
export function decodeNotices (bytes: Uint8Array): Notice[] {
  try {
    const { notices } = CrlNotices.decode(bytes, { limits: { notices: MAX_NOTICES } })

    return notices
      .filter(({ issuer, number, thisUpdate, hash, size }) => issuer.byteLength === HASH_BYTES && hash.byteLength === HASH_BYTES &&
        (number?.byteLength ?? 0) <= MAX_NUMBER_BYTES && Number.isSafeInteger(thisUpdate) && size > 0 && size <= MAX_CRL_BYTES)
      .map(({ issuer, number, thisUpdate, hash, size }) => ({
        issuer: toString(issuer, 'hex'),
        number: number == null ? undefined : BigInt(`0x0${toString(number, 'hex')}`),
        thisUpdate,
        hash: toString(hash, 'hex'),
        size
      }))
  } catch {
    return []
  }
}

function numberBytes (number: bigint): ReturnType<typeof fromString> {
  const digits = number.toString(16)

  return fromString(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
}
