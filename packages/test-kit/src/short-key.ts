import { generateKeyPairSync } from 'node:crypto'

/**
 * One key in 256 has a given byte: after so many tries there is something wrong with the search.
 */
const MAX_TRIES = 10_000

/**
 * Which number of a key begins with a zero byte: the private one, or a coordinate of the public point.
 */
export type ShortNumber = 'd' | 'x' | 'y'

/**
 * Makes secp256k1 keys until one has a number that begins with a zero byte. FISCO BCOS 2.9.1 cannot load those whose private number does. A process for each, as its tools do it,
 * would take minutes.
 *
 * @returns PKCS#8 PEM, as `openssl genpkey` writes it
 */
export function keyWithLeadingZero (number: ShortNumber): string {
  for (let i = 0; i < MAX_TRIES; i++) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

    if (Buffer.from(privateKey.export({ format: 'jwk' })[number] ?? '', 'base64url')[0] === 0) {
      return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    }
  }

  throw new Error(`no key with a leading zero byte was found among ${MAX_TRIES}`)
}
