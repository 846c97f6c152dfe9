import { createConsortium } from '@fisco-libp2p/test-kit'
import { refusalCases } from '../js-libp2p/refusals.ts'
import { secondDoorCases } from '../js-libp2p/second-door.ts'
import type { Suite } from '../row.ts'

/**
 * A js-libp2p node of upstream's packages alone, in a process of its own.
 */
export const jsLibp2p: Suite = {
  name: 'js-libp2p',

  async lacks () {
    return undefined // it comes with the repository
  },

  async prepare () {
    const consortium = await createConsortium()

    return {
      cases: [...refusalCases(consortium), ...secondDoorCases(consortium)],
      async [Symbol.asyncDispose] () {}
    }
  }
}
