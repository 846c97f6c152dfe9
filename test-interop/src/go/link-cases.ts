import { pEvent } from 'p-event'
import { both } from './bench.ts'
import { equal, WAIT } from './expect.ts'
import type { Case } from '../row.ts'
import type { Bench, Pair } from './bench.ts'
import type { HandshakeRejection } from '@fisco-libp2p/identity'

/**
 * Dials, identities, muxers, and whom each refuses.
 */
export function linkCases (bench: Bench, foreign: readonly string[], rsa: Bench): Case[] {
  const dials = (['TLS-first', 'encrypter'] as const).flatMap(form => both((pair, dialler) => ({
    pair,
    case: `dial, ${form}: identity mapping, muxer by ALPN`,
    run: async () => bench.withPair({ form, dialler }, checkLink)
  })))
  const negotiated = (['TLS-first', 'encrypter'] as const).flatMap(form => both((pair, dialler) => ({
    pair,
    case: `dial, ${form}: muxer by multistream-select`,
    run: async () => bench.withPair({ form, dialler, goArgs: ['-alpn-muxer=false'] }, checkLink)
  })))
  const refusals = [
    { what: 'wrong CA', options: { goConf: foreign[0] }, rule: 'untrusted-issuer' },
    { what: 'other network', options: { goArgs: ['-chain', '2'] }, rule: 'other-network' }
  ].flatMap(({ what, options, rule }) => both((pair, dialler) => ({
    pair,
    case: `${what} is refused as ${rule}`,
    run: async () => bench.withPair({ ...options, dialler, connect: false }, async ({ ours, identity, go, dial }) => {
      const heard = pEvent<'handshake:rejected', CustomEvent<HandshakeRejection>>(identity, 'handshake:rejected', { timeout: WAIT })
      const dialled = await dial().then(() => undefined, err => err as Error)
      equal('dial', dialled == null, false)
      equal('rule at ours', (await heard).detail.rule, rule)
      equal('rule at go', (await go.event('refused')).rule, rule)
      equal('connections', ours.getConnections().length, 0)

      return `both ends tell ${rule}`
    })
  })))

  return [
    ...dials,
    ...negotiated,
    ...both((pair, dialler) => ({ pair, case: 'dial with RSA keys', run: async () => rsa.withPair({ dialler }, checkLink) })),
    ...refusals
  ]
}

async function checkLink ({ ours, identity, go }: Pair): Promise<string> {
  const up = await go.event('peer:up')
  equal('node ID of ours', up.nodeId, identity.nodeId)
  equal('PeerId of ours', up.peer, ours.peerId.toString())
  const members = ours.services.peers.members()
  equal('node ID of go', members.map(({ nodeId }) => nodeId).join(), go.nodeId)
  const [connection] = ours.getConnections()
  equal('PeerId of go', connection.remotePeer.toString(), go.peerId)
  equal('muxer', connection.multiplexer, '/yamux/1.0.0')

  return `${String(up.security)}, ${String(up.muxer)}${up.muxerByAlpn === true ? ' by ALPN' : ''}`
}
