import { createConsortium, NODE_KEY_TYPES, TRANSPORT_CASES } from '@fisco-libp2p/test-kit'
import { withTransportPair } from './support/transport-nodes.ts'
import type { Consortium } from '@fisco-libp2p/test-kit'

describe('caTlsTcp is a libp2p transport: it', () => {
  let consortium: Consortium

  before(async () => {
    consortium = await createConsortium()
  })

  for (const keyType of NODE_KEY_TYPES) {
    describe(`with ${keyType} keys`, () => {
      for (const [title, run] of Object.entries(TRANSPORT_CASES)) {
        it(title, async () => {
          await withTransportPair(consortium, keyType, run)
        })
      }
    })
  }
})
