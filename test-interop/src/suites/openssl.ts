import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { clientCases } from '../openssl/client-cases.ts'
import { createMembers } from '../openssl/members.ts'
import { oldTlsCases } from '../openssl/old-tls-cases.ts'
import { scannerCases } from '../openssl/scanners.ts'
import { serverCases } from '../openssl/server-cases.ts'
import { lacksCommand } from '../openssl/tool.ts'
import type { Suite } from '../row.ts'
import type { NodeKeyType } from '@fisco-libp2p/test-kit'

/**
 * The profile `fisco`, and both keys of the profile `modern`.
 */
const KEY_TYPES: readonly NodeKeyType[] = ['secp256k1', 'ed25519', 'rsa']

/**
 * The OpenSSL command line and TLS scanners, each in a process of its own, against the TLS-first port.
 */
export const openssl: Suite = {
  name: 'openssl',
  lacks: async () => lacksCommand('openssl', 'openssl', ['version']),
  async prepare () {
    const folder = await temporaryFolder()

    try {
      const all = await Promise.all(KEY_TYPES.map(async keyType => createMembers(folder.path, keyType)))
      const cases = all.flatMap(members => [...clientCases(members), ...oldTlsCases(members, folder.path), ...serverCases(members), ...scannerCases(members, folder.path)])

      return { cases, [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]() }
    } catch (err) {
      await folder[Symbol.asyncDispose]()

      throw err
    }
  }
}
