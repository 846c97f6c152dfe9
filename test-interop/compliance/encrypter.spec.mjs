import { createPrivateKey } from 'node:crypto'
import suite from '@libp2p/interface-compliance-tests/connection-encryption'
import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { describe } from 'mocha'
import { ours } from './ours.mjs'

const { caTls } = await ours('tls')
const { createConsortium } = await ours('test-kit')
const consortium = await createConsortium({ keyType: 'ed25519' })

/** The suite hands out Ed25519 keys: 32 bytes of the private one, then the public one. */
function keyObject ({ raw }) {
  const [d, x] = [raw.subarray(0, 32), raw.subarray(32)].map((part) => Buffer.from(part).toString('base64url'))

  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
}

describe('caTls', () => {
  suite({
    async setup ({ privateKey }) {
      const identity = await consortium.identity({ key: keyObject(privateKey) })

      return caTls({ identity })({ peerId: identity.peerId, datastore: new MemoryDatastore(), logger: defaultLogger() })
    },
    async teardown () {}
  })
})
