import assert from 'node:assert/strict'
import { loadIdentity } from '@fisco-libp2p/identity'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { twoNodes, variantCases } from '../fisco/cases.ts'
import { lacksCommand } from '../openssl/tool.ts'
import type { Variant } from '../fisco/cases.ts'
import type { Suite } from '../row.ts'

const VARIANTS: readonly Variant[] = [
  { title: 'an agency, a root of X.509 v1', chain: {} },
  { title: 'no agency: the root issues for the nodes', chain: { agencies: [] } },
  { title: 'two nodes of two agencies', chain: { agencies: ['agencyA', 'agencyB'] } },
  { title: 'a root as this machine\'s `openssl req -x509` writes it', chain: { root: 'local' } },
  { title: 'a root of v3 with basicConstraints (OpenSSL 3.2 and later), policy=fisco', chain: { root: 'v3' }, policy: 'fisco' },
  { title: 'no agency under a root of v3, policy=fisco', chain: { root: 'v3', agencies: [] }, policy: 'fisco' },
  { title: 'node.crt without the root', chain: { withRoot: false } },
  { title: 'no agency, node.crt without the root', chain: { agencies: [], withRoot: false } },
  { title: 'keys in SEC1, behind EC PARAMETERS', chain: { keys: 'sec1' } },
  { title: 'private keys that begin with a zero byte', chain: { keys: 'd' } },
  { title: 'public keys whose X begins with a zero byte', chain: { keys: 'x' } },
  { title: 'public keys whose Y begins with a zero byte', chain: { keys: 'y' } }
]

/**
 * Certificates made by the steps of FISCO BCOS's own tools, for 100 years, with the openssl command line.
 */
export const fiscoCertificates: Suite = {
  name: 'fisco-certificates',
  lacks: async () => lacksCommand('openssl', 'openssl', ['version']),
  async prepare () {
    const folder = await temporaryFolder()

    return {
      cases: [
        ...VARIANTS.flatMap((variant, i) => variantCases(variant, folder.join(String(i)))),
        { pair: 'fisco-bcos certificates -> ours', case: 'a root of v3 without policy=fisco', run: async () => withoutPolicy(folder.join('auto')) }
      ],
      [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]()
    }
  }
}

/**
 * Such a chain is not as RFC 5280 wants it, and nothing in its root says that FISCO BCOS's tools made it: the node says what to set.
 */
async function withoutPolicy (folder: string): Promise<string> {
  const [{ folder: conf }] = await twoNodes(folder, { root: 'v3' })
  const error = await loadIdentity({ key: `${conf}/node.key`, cert: `${conf}/node.crt`, ca: `${conf}/ca.crt` }).then(() => 'it was loaded', err => String(err.message))
  assert.match(error, /policy/)

  return error.replace(`${conf}/`, '')
}
