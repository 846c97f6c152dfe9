import { createPrivateKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { certificatesFromPem } from './certificate.ts'
import { MAX_ANCHORS, MAX_CRLS } from './constants.ts'
import { checkTime, crlsFromFile } from './crl.ts'
import { CertificateRefusedError, CrlRefusedError, IdentityError } from './errors.ts'
import type { Certificate } from './certificate.ts'
import type { IdentityRule } from './errors.ts'
import type { CrlSource } from './revocations.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

/**
 * Reads a file of an identity.
 *
 * @throws IdentityError if it cannot be read
 */
export async function readIdentityFile (file: string, hint: string, options: AbortOptions = {}): Promise<Uint8Array> {
  try {
    return await readFile(file, { signal: options.signal })
  } catch (err) {
    options.signal?.throwIfAborted()

    throw new IdentityError(file, 'unreadable', err.code === 'EACCES' ? await describeAccess(file) : `${err.code === 'ENOENT' ? 'the file does not exist' : err.message}; ${hint}`, { cause: err })
  }
}

/**
 * Whose a file is that this process may not read, and what to do.
 */
async function describeAccess (file: string): Promise<string> {
  const facts = await stat(file).catch(() => undefined)
  const user = process.geteuid?.()
  const who = `the user of this process${user == null ? '' : ` (ID ${user})`} may not read it`

  // one of the folders above it is closed
  return facts == null
    ? `${who}: may it enter the folder?`
    : `${who}: its owner is user ID ${facts.uid}, its mode ${(facts.mode & 0o777).toString(8).padStart(3, '0')}; it must belong to the user that the node runs as (chown) and be readable for that user (chmod 600)`
}

/**
 * Reads a private key.
 *
 * @param file - how errors call it
 * @throws IdentityError
 */
export function parseKey (file: string, pem: string, passphrase?: string): KeyObject {
  // `openssl ecparam -genkey` writes an EC PARAMETERS block before the key
  const block = pem.match(/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/)?.[0]

  if (block == null) {
    throw new IdentityError(file, 'not-pem', 'it holds no private key in PEM (PKCS#8 or SEC1): is it the right file?')
  }

  try {
    return createPrivateKey({ key: block, passphrase })
  } catch (err) {
    const encrypted = /ENCRYPTED/.test(block)
    const rule: IdentityRule = encrypted ? 'passphrase' : 'malformed'

    throw new IdentityError(file, rule, encrypted ? `the key is encrypted, and the passphrase is ${passphrase == null ? 'missing' : 'wrong'}` : `the key cannot be read: ${err.message}`, { cause: err })
  }
}

/**
 * Reads certificates in PEM: at least one.
 *
 * @throws IdentityError
 */
export function parseCertificates (file: string, pem: string): Certificate[] {
  try {
    const certificates = certificatesFromPem(pem)

    if (certificates.length === 0) {
      throw new IdentityError(file, 'not-pem', 'it holds no certificate in PEM: is it the right file?')
    }

    return certificates
  } catch (err) {
    throw err instanceof CertificateRefusedError ? new IdentityError(file, err.rule, err.message, { cause: err }) : err
  }
}

/**
 * Reads the trusted CAs.
 *
 * @throws IdentityError
 */
export function parseAnchors (file: string, pem: string): Certificate[] {
  const anchors = parseCertificates(file, pem)

  if (anchors.length > MAX_ANCHORS) {
    throw new IdentityError(file, 'too-many-anchors', `it holds ${anchors.length} certificates; at most ${MAX_ANCHORS} CAs can be trusted`)
  }

  return anchors
}

/**
 * Contents of a file with CRLs: one in DER, or any number in PEM.
 */
export interface CrlFile {
  /**
   * What errors call it.
   */
  name: string
  content: Uint8Array

  /**
   * See {@link CrlSource}.
   *
   * @default false
   */
  softFail?: boolean
}

/**
 * Reads the CRLs that an operator configured.
 *
 * @param now - unix milliseconds
 * @throws IdentityError that names the file
 */
export function parseCrls (files: readonly CrlFile[], now: number): CrlSource[] {
  const sources = files.flatMap(({ name, content, softFail }) => {
    try {
      return crlsFromFile(content).map(crl => {
        checkTime(crl, now)

        return { name, crl, softFail }
      })
    } catch (err) {
      throw err instanceof CrlRefusedError ? new IdentityError(name, 'crl-refused', err.message, { cause: err }) : err
    }
  })

  if (sources.length > MAX_CRLS) {
    throw new IdentityError(files[0].name, 'too-many-crls', `this file and the others hold ${sources.length} CRLs; at most ${MAX_CRLS} can be configured`)
  }

  return sources
}
