import { deepEqual, equal, ok } from 'node:assert/strict'
import { encodeFrame, FrameKind } from '@fisco-libp2p/direct'
import { getPeerCertificate, peerIdToNodeId } from '@fisco-libp2p/identity'
import { encodeMessage, encodeFrame as encodeStatusFrame, STATUS_SEQ_PROTOCOL } from '@fisco-libp2p/status-seq'
import { BROADCAST_TOPIC } from '@fisco-libp2p/topics'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { pEvent } from 'p-event'
import { addressOf, bothWorlds, ourNode, stockNode, stockSettings } from './nodes.ts'
import { StockProcess, within } from './stock-process.ts'
import type { Case } from '../row.ts'
import type { BothServices, OurNode } from './nodes.ts'
import type { StockSettings } from './orders.ts'
import type { AccessClosed } from '@fisco-libp2p/access'
import type { Consortium } from '@fisco-libp2p/test-kit'
import type { Connection, Libp2p } from '@libp2p/interface'

/**
 * A node with both doors and a stock node that came in by the second one.
 */
interface Couple extends AsyncDisposable {
  ours: OurNode<Libp2p<BothServices>>
  stock: StockProcess

  /**
   * How each names the other.
   */
  us: string
  them: string
}

type Gossip = CustomEvent<{ topic: string, data: Uint8Array }>

async function couple (consortium: Consortium, settings: Partial<StockSettings> = {}): Promise<Couple> {
  const ours = await bothWorlds(await consortium.identity())
  const stack = new AsyncDisposableStack()
  stack.use(ours)

  try {
    const stock = stack.use(await stockNode(settings))
    await stock.run({ do: 'dial', address: addressOf(ours.node, 'plain') })

    return { ours, stock, us: ours.node.peerId.toString(), them: stock.peer, [Symbol.asyncDispose]: async () => stack.disposeAsync() }
  } catch (err) {
    await stack.disposeAsync()
    throw err
  }
}

/**
 * Resolves when our gossipsub knows that the other end follows a topic.
 */
async function followed ({ ours: { node: { services: { pubsub } } }, them }: Couple, topic: string): Promise<void> {
  while (!pubsub.getSubscribers(topic).map(String).includes(them)) {
    await within(pEvent(pubsub, 'subscription-change'), `the subscription of ${topic}`)
  }
}

async function heard ({ ours: { node: { services: { pubsub } } } }: Couple, text: string): Promise<void> {
  await within(pEvent<'message', Gossip>(pubsub, 'message', { filter: ({ detail }) => Buffer.from(detail.data).toString() === text }), `"${text}"`)
}

/**
 * A node of ours with libp2p's tcp and noise beside TLS.
 */
export function secondDoorCases (consortium: Consortium): Case[] {
  const case_ = (name: string, run: Case['run'], pair = 'js-libp2p -> ours'): Case => ({ pair, case: `both doors: ${name}`, run })

  return [
    case_('ping, by the second door that tcp and noise open beside TLS', async () => {
      await using pair = await couple(consortium)

      return `${await pair.stock.run({ do: 'ping', peer: pair.us })} ms`
    }),
    case_('ping', async () => {
      await using pair = await couple(consortium)

      return `${await pair.ours.node.services.ping.ping(peerIdFromString(pair.them))} ms`
    }, 'ours -> js-libp2p'),
    case_('we dial it by tcp and noise', async () => {
      await using ours = await bothWorlds(await consortium.identity())
      await using stock = await stockNode()
      const connection = await ours.node.dial(multiaddr(stock.address))

      equal(connection.remotePeer.toString(), stock.peer)

      return `encryption ${connection.encryption}, muxer ${connection.multiplexer}`
    }, 'ours -> js-libp2p'),
    case_('identify, each asks the other', async () => {
      await using pair = await couple(consortium)
      const { node } = pair.ours
      // both do so by themselves as soon as they are connected
      const theirs = await within(agentOf(node, pair.them), 'its agent version')

      return `it reads "${await pair.stock.run({ do: 'agent', peer: pair.us })}", we read "${theirs}"`
    }),
    case_('gossipsub both ways on a plain topic, where it signs nothing as ours does', async () => {
      await using pair = await couple(consortium)
      const { pubsub } = pair.ours.node.services

      pubsub.subscribe('plain')
      await pair.stock.run({ do: 'subscribe', topic: 'plain' })
      await Promise.all([followed(pair, 'plain'), pair.stock.subscription(pair.us, 'plain')])

      await Promise.all([heard(pair, 'from it'), pair.stock.run({ do: 'publish', topic: 'plain', data: 'from it' })])
      const { recipients } = await pubsub.publish('plain', Buffer.from('from us'))
      await pair.stock.message('plain', 'from us')

      return `ours came ${recipients.length > 0 ? 'by the mesh' : 'by IHAVE and IWANT: the mesh is made at the first heartbeat'}`
    }),
    case_('its gossipsub with default settings signs, and takes nothing of ours', async () => {
      await using pair = await couple(consortium, { signed: true })
      const { pubsub } = pair.ours.node.services
      const seen: string[] = []

      pubsub.addEventListener('message', ({ detail }) => { seen.push(detail.topic) })
      pubsub.subscribe('plain')
      await pair.stock.run({ do: 'subscribe', topic: 'plain' })
      await Promise.all([followed(pair, 'plain'), pair.stock.subscription(pair.us, 'plain')])
      await pair.stock.run({ do: 'publish', topic: 'plain', data: 'signed' })
      await pubsub.publish('plain', Buffer.from('unsigned'))
      // what gossipsub took before a ping was answered, it has judged
      await pair.ours.node.services.ping.ping(peerIdFromString(pair.them))
      await pair.stock.run({ do: 'ping', peer: pair.us })
      equal(seen.length, 0)

      return 'subscriptions are seen, messages are dropped: both ends need globalSignaturePolicy StrictNoSign'
    }),
    case_('the TLS door stays closed to it', async () => {
      await using pair = await couple(consortium)
      const said = await pair.stock.failure({ do: 'dial', address: `${addressOf(pair.ours.node, 'tls').replace(/\/tls$/, '')}/p2p/${(await stockNodePeer(consortium))}` })

      return `js-libp2p says: ${said}; ours logs: ${await pair.ours.log.line(/does not speak TLS/)}`
    }),
    case_('in peers.members() it has no name, no agency and no certificate', async () => {
      await using pair = await couple(consortium)
      const { node } = pair.ours
      const [connection] = node.getConnections(peerIdFromString(pair.them))
      const member = node.services.peers.members().find(({ peerId }) => peerId.toString() === pair.them)

      equal(getPeerCertificate(connection), undefined)
      deepEqual([member?.name, member?.agency], [undefined, undefined])

      return member == null ? 'it is no member' : 'it is listed as a member, by the node ID of its key; who has a certificate is told by `name` and `agency`'
    }),
    case_('unicast: what ours does with a request of it', async () => {
      await using pair = await couple(consortium)
      const { node } = pair.ours
      let asked = 0
      node.services.direct.handle('secret', async () => {
        asked++

        return Buffer.from('42')
      })
      const request = encodeFrame({ kind: FrameKind.REQUEST, id: 1, more: false, timeout: 5_000, total: 1, name: 'secret', part: Uint8Array.of(1) })
      const answer = await pair.stock.run<string>({ do: 'exchange', peer: pair.us, protocol: node.services.direct.protocol, bytes: Buffer.from(request as Uint8Array).toString('hex') })
        .catch(err => String(err.message))

      return asked === 0 ? `refused: ${answer}` : `the handler ran, and it got the answer ${answer}: the second door leads to unicast as well`
    }),
    case_('unicast: a request to it ends with UnsupportedProtocolError', async () => {
      await using pair = await couple(consortium)
      const nodeId = peerIdToNodeId(peerIdFromString(pair.them))
      const err: Error = await pair.ours.node.services.direct.request(nodeId, 'height', Uint8Array.of(1), { timeout: 5_000 }).then(() => { throw new Error('it answered') }, err => err)

      equal(err.name, 'UnsupportedProtocolError')

      return `${err.name}: ${err.message}`
    }, 'ours -> js-libp2p'),
    case_('status: ours has none of it; what ours tells it', async () => {
      // it takes the streams on which status travels, and asks on one of its own
      await using pair = await couple(consortium, { protocols: [STATUS_SEQ_PROTOCOL] })
      const { identity, node: { services: { statusSeq } } } = pair.ours
      const request = encodeStatusFrame(encodeMessage({ announce: { incarnation: 1, seq: 1, digest: '00'.repeat(16) }, request: [identity.nodeId] }))
      await pair.stock.run<string>({ do: 'exchange', peer: pair.us, protocol: STATUS_SEQ_PROTOCOL, bytes: Buffer.from(request).toString('hex') })

      equal(statusSeq.get(peerIdToNodeId(peerIdFromString(pair.them))), undefined)
      equal(statusSeq.snapshot().length, 1)
      const bytes = pair.stock.received(STATUS_SEQ_PROTOCOL) ?? 0

      return bytes > 0 ? `ours sends it ${bytes} bytes: the second door leads to status as well` : 'ours sends it nothing'
    }),
    case_('topics: it hears broadcasts if it follows gossipsub\'s topic, and cannot forge one', async () => {
      await using pair = await couple(consortium)
      const { topics } = pair.ours.node.services
      const forged: unknown[] = []
      topics.addEventListener('broadcast:message', ({ detail }) => { forged.push(detail) })

      await pair.stock.run({ do: 'subscribe', topic: BROADCAST_TOPIC })
      await Promise.all([followed(pair, BROADCAST_TOPIC), pair.stock.subscription(pair.us, BROADCAST_TOPIC)])
      await pair.stock.run({ do: 'publish', topic: BROADCAST_TOPIC, data: 'forged' })
      await pair.stock.run({ do: 'ping', peer: pair.us }).catch(() => {})
      equal(forged.length, 0)
      await topics.broadcast(Buffer.from('for members'))
      const seen = await pair.stock.until(() => pair.stock.broadcastsSeen(BROADCAST_TOPIC, 'for members')).catch(() => 0)

      return seen > 0 ? 'it reads what is broadcast: the second door leads to gossipsub as well' : 'it got no broadcast'
    }),
    case_('where the second door is not allowed, it is closed to it at once, and not to members', async () => {
      const [own, member] = await consortium.identities(2)
      await using ours = await bothWorlds(own, [], 'refuse')
      await using other = await ourNode(member)
      await using stock = await stockNode()
      const closed = pEvent<'access:closed', CustomEvent<AccessClosed>>(ours.node.services.access, 'access:closed')

      await stock.run({ do: 'dial', address: addressOf(ours.node, 'plain') }).catch(() => {})
      await stock.alone()
      await other.node.dial(multiaddr(addressOf(ours.node, 'tls')))
      ok(ours.node.getConnections().every(({ remotePeer }) => remotePeer.equals(member.peerId)))
      const { rule } = (await within(closed, 'access:closed')).detail
      equal(rule, 'no-certificate')

      return `ours says: ${rule}`
    }),
    case_('an allow list closes the second door to it, and not to members', async () => {
      const [own, member] = await consortium.identities(2)
      await using ours = await bothWorlds(own, [member.nodeId])
      await using other = await ourNode(member)
      await using stock = await stockNode()
      const opened: Connection[] = []

      ours.node.addEventListener('connection:open', ({ detail }) => { opened.push(detail) })
      const said = await stock.run({ do: 'dial', address: addressOf(ours.node, 'plain') }).then(() => 'connected, as noise is done before it is refused', err => String(err.message))
      // whichever way: it does not stay
      await stock.alone()
      await other.node.dial(multiaddr(addressOf(ours.node, 'tls')))
      ok(opened.length > 0 && opened.every(({ remotePeer }) => remotePeer.equals(member.peerId)))

      return `js-libp2p says: ${said}; then it is disconnected`
    }),
    case_('killed and started again, it comes back, and ping and gossipsub go on', async () => {
      await using ours = await bothWorlds(await consortium.identity())
      const settings = await stockSettings()
      const address = addressOf(ours.node, 'plain')
      const us = ours.node.peerId.toString()
      const { pubsub } = ours.node.services
      pubsub.subscribe('plain')

      for (const life of ['first', 'second']) {
        await using stock = await StockProcess.start(settings)
        const pair: Couple = { ours, stock, us, them: stock.peer, async [Symbol.asyncDispose] () {} }
        await stock.run({ do: 'dial', address })
        await stock.run({ do: 'ping', peer: us })
        await stock.run({ do: 'subscribe', topic: 'plain' })
        await Promise.all([followed(pair, 'plain'), stock.subscription(us, 'plain')])
        await pubsub.publish('plain', Buffer.from(life))
        await stock.message('plain', life)
        const gone = pEvent(ours.node, 'peer:disconnect')
        await stock.kill()
        await within(gone, 'peer:disconnect')
      }
    })
  ]
}

async function agentOf (node: Libp2p, peer: string): Promise<string> {
  for (;;) {
    const found = (await node.peerStore.get(peerIdFromString(peer))).metadata.get('AgentVersion')

    if (found != null) {
      return Buffer.from(found).toString()
    }

    await pEvent(node, 'peer:identify')
  }
}

/**
 * A peer id that nobody is connected with, so that a dial is a new one.
 */
async function stockNodePeer (consortium: Consortium): Promise<string> {
  return (await consortium.identity()).peerId.toString()
}
