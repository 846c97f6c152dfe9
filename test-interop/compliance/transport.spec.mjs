import suite from '@libp2p/interface-compliance-tests/transport'
import { describe } from 'mocha'
import { ours } from './ours.mjs'

const [{ caTlsTcp }, { muxer }, { createConsortium }] = await Promise.all([ours('tls'), ours('muxer'), ours('test-kit')])

// the suite asks matchers of @multiformats/multiaddr-matcher, which has none for addresses with /tls
const matches = (address) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/tls(\/p2p\/\w+)?$/.test(address.toString())
const matcher = { matches, exactMatch: matches }

for (const keyType of ['secp256k1', 'ed25519']) {
  const consortium = await createConsortium({ keyType })
  const init = async (listen) => {
    const identity = await consortium.identity()

    return {
      privateKey: identity.privateKey,
      addresses: { listen },
      transports: [caTlsTcp({ identity })],
      streamMuxers: [muxer()]
    }
  }

  describe(`caTlsTcp, ${keyType} keys`, () => {
    suite({
      async setup () {
        return {
          dialer: await init([]),
          listener: await init(['/ip4/127.0.0.1/tcp/0/tls', '/ip4/127.0.0.1/tcp/0/tls']),
          dialMultiaddrMatcher: matcher,
          listenMultiaddrMatcher: matcher
        }
      },
      async teardown () {}
    })
  })
}
