import suite from '@libp2p/interface-compliance-tests/stream-muxer'
import { describe } from 'mocha'
import { ours } from './ours.mjs'

const { muxer } = await ours('muxer')

describe('muxer', () => {
  suite({
    async setup () {
      return muxer({ maxInboundStreams: 5_000, maxOutboundStreams: 5_000 })()
    },
    async teardown () {}
  })
})
