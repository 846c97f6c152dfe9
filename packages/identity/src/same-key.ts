import type { KeyObject } from 'node:crypto'

/**
 * Whether two public keys, or two private ones, are the same. For `KeyObject.equals`, which leaves an error of OpenSSL behind where the types of the keys
 * differ: the next `createPrivateKey` of the process then fails with "different key types" (Node 22.23.3, 24.21.0, 26.10.0).
 */
export function sameKey (one: KeyObject, other: KeyObject): boolean {
  return one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other)
}
