import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeChain } from '@fisco-libp2p/ca'
import { loadIdentity } from '@fisco-libp2p/identity'
import { nodeDefaults } from '@fisco-libp2p/node'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { caTls } from '@fisco-libp2p/tls'
import { BROADCAST_TOPIC } from '@fisco-libp2p/topics'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import { GoNode } from '../go-node.ts'
import type { GoLine } from '../go-node.ts'
import type { Case, Suite } from '../row.ts'
import type { HandshakeRejection, Identity } from '@fisco-libp2p/identity'
import type { NodeServices } from '@fisco-libp2p/node'
import type { BroadcastMessage, PublishResult, TopicMessage } from '@fisco-libp2p/topics'
import type { Libp2p } from '@libp2p/interface'

const MODULE = fileURLToPath(new URL('../../../go-reference', import.meta.url))
const OURS_TO_GO = 'ours -> go-libp2p'
const GO_TO_OURS = 'go-libp2p -> ours'
const MAX_MESSAGE_SIZE = 16 * 1024 * 1024
const SIZES = { '0 B': 0, '1 B': 1, '64 KiB': 65_536, '1 MiB': 1_048_576, '8 MiB': 8_388_608 }
const WAIT = 15_000
// more than a list of a range may name, so that ranges are compared
const CROWD = 12
// the entry fisco/topics of a node that follows "prices", and takes messages by unicast
const FOLLOWS_PRICES = '0a067072696365731001'
const run = promisify(execFile)

/**
 * A node in Go that was written from docs/PROTOCOLS.md: whoever reads that document can join the network.
 */
export const goLibp2p: Suite = {
  name: 'go-libp2p',

  async lacks () {
    const go = await goCommand()

    if (go == null) {
      return 'Go is not installed'
    }

    try {
      await run(go, ['mod', 'download'], { cwd: MODULE, timeout: 300_000 })
    } catch (err) {
      return `Go cannot get the modules of the reference node: ${String(err.message).trim().split('\n').at(-1)}`
    }
  },

  async prepare () {
    const folder = await temporaryFolder()

    try {
      const binary = join(folder.path, 'go-reference')
      const go = await goCommand() ?? 'go'
      await run(go, ['build', '-o', binary, '.'], { cwd: MODULE, timeout: 600_000 })
      const home = await chainOf(folder.path, 'home', 'ed25519', CROWD + 2)
      const bench = new Bench(binary, folder.path, home)
      const foreign = await chainOf(folder.path, 'foreign', 'ed25519')
      const rsa = await chainOf(folder.path, 'rsa', 'rsa')

      return {
        cases: [vectorsCase(go), ...linkCases(bench, foreign, new Bench(binary, folder.path, rsa)), ...directCases(bench), ...statusCases(bench), ...topicCases(bench), ...networkCases(bench)],
        [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]()
      }
    } catch (err) {
      await folder[Symbol.asyncDispose]()

      throw err
    }
  }
}

type Ours = Libp2p<NodeServices>

/**
 * How both ends meet: TLS from the first byte, or an encrypter that multistream-select chooses.
 */
type Form = 'TLS-first' | 'encrypter'

interface PairOptions {
  form?: Form
  dialler?: 'ours' | 'go'

  /**
   * Folder of the Go node's chain, if that is another one.
   */
  goConf?: string
  goArgs?: readonly string[]

  /**
   * Whether they are connected before the case begins.
   */
  connect?: boolean
}

/**
 * Both nodes of a case.
 */
interface Pair {
  ours: Ours
  identity: Identity
  go: GoNode
  dial (): Promise<void>
}

class Bench {
  readonly #binary: string
  readonly #folder: string
  readonly #nodes: readonly string[]

  constructor (binary: string, folder: string, nodes: readonly string[]) {
    this.#binary = binary
    this.#folder = folder
    this.#nodes = nodes
  }

  async startGo ({ form = 'TLS-first', goConf, goArgs = [] }: PairOptions = {}, state = this.statePath(), node = 1): Promise<GoNode> {
    return GoNode.start(this.#binary, ['-conf', goConf ?? this.#nodes[node], '-listen', form === 'TLS-first' ? '/ip4/127.0.0.1/tcp/0/tls' : '/ip4/127.0.0.1/tcp/0', '-state', state, ...goArgs])
  }

  /**
   * A new file for what must survive a restart of the Go node.
   */
  statePath (): string {
    return join(this.#folder, randomUUID())
  }

  /**
   * The first node of the chain is ours, the second one the Go node, unless a case says otherwise.
   */
  async identity (node = 0): Promise<Identity> {
    const folder = this.#nodes[node]

    return loadIdentity({ key: join(folder, 'node.key'), cert: join(folder, 'node.crt'), ca: join(folder, 'ca.crt') })
  }

  async startOurs (identity: Identity, { form = 'TLS-first' }: PairOptions = {}): Promise<Ours> {
    const defaults = nodeDefaults({ identity, listen: ['/ip4/127.0.0.1/tcp/0/tls'], unicast: { maxMessageSize: MAX_MESSAGE_SIZE } })

    return createLibp2p<NodeServices>(form === 'TLS-first'
      ? defaults
      : { ...defaults, addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [caTls({ identity })] })
  }

  async withPair (options: PairOptions, use: (pair: Pair) => Promise<string | void>): Promise<string | void> {
    const identity = await this.identity()
    await using go = await this.startGo(options)
    const ours = await this.startOurs(identity, options)
    const dial = async (): Promise<void> => options.dialler === 'go' ? goDials(go, ours) : oursDials(ours, go)

    try {
      if (options.connect !== false) {
        await dial()
      }

      return await use({ ours, identity, go, dial })
    } finally {
      await ours.stop()
    }
  }
}

function vectorsCase (go: string): Case {
  return {
    pair: GO_TO_OURS,
    case: 'the byte vectors of PROTOCOLS.md, read from it',
    run: async () => {
      await run(go, ['test', '-count=1', '.'], { cwd: MODULE, timeout: 600_000 }).catch(err => { throw new Error(`${err.stdout ?? ''}${err.stderr ?? err.message}`.trim()) })
    }
  }
}

function linkCases (bench: Bench, foreign: readonly string[], rsa: Bench): Case[] {
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

function directCases (bench: Bench): Case[] {
  const echoes = Object.entries(SIZES).flatMap(([name, size]) => both((pair, dialler) => ({
    pair,
    case: `unicast of ${name}`,
    run: async () => bench.withPair({ dialler }, async ({ ours, go }) => {
      ours.services.direct.handle('echo', data => data)
      const data = pattern(size)
      const begin = performance.now()

      if (dialler === 'ours') {
        equal('answer', sha256(await ours.services.direct.request(go.nodeId, 'echo', data)), sha256(data))
      } else {
        const answer = await go.command('request', { peer: ours.peerId.toString(), lane: 1, name: 'echo', size })
        equal('answer', answer.sha256, sha256(data))
      }

      return `${Math.round(performance.now() - begin)} ms there and back`
    })
  })))

  return [
    ...echoes,
    {
      pair: OURS_TO_GO,
      case: 'unknown handler',
      run: async () => bench.withPair({}, async ({ ours, go }) => rejectsAs('NoSuchHandlerError', ours.services.direct.request(go.nodeId, 'nothing', new Uint8Array(3))))
    },
    {
      pair: GO_TO_OURS,
      case: 'unknown handler',
      run: async () => bench.withPair({ dialler: 'go' }, async ({ ours, go }) => failsWith('no-such-handler', go, ours, 'nothing'))
    },
    {
      pair: OURS_TO_GO,
      case: 'handler that fails',
      run: async () => bench.withPair({}, async ({ ours, go }) => {
        const told = await rejectsAs('HandlerFailedError', ours.services.direct.request(go.nodeId, 'fail', new Uint8Array(3)))

        return contains(told, 'no such block')
      })
    },
    {
      pair: GO_TO_OURS,
      case: 'handler that fails',
      run: async () => bench.withPair({ dialler: 'go' }, async ({ ours, go }) => {
        ours.services.direct.handle('fail', () => { throw new Error('no such block') })

        return contains(await failsWith('handler-failed', go, ours, 'fail'), 'no such block')
      })
    },
    {
      pair: OURS_TO_GO,
      case: 'cancel',
      run: async () => bench.withPair({}, async ({ ours, go }) => {
        const cancelling = new AbortController()
        const asked = ours.services.direct.request(go.nodeId, 'slow', new Uint8Array(3), { signal: cancelling.signal })
        asked.catch(() => {})
        await go.event('slow:begun')
        cancelling.abort()
        await rejectsAs('AbortError', asked)

        return `the handler ended: ${String((await go.event('slow:ended')).why)}`
      })
    },
    {
      pair: GO_TO_OURS,
      case: 'cancel',
      run: async () => bench.withPair({ dialler: 'go' }, async ({ ours, go }) => {
        const ended = Promise.withResolvers<string>()
        ours.services.direct.handle('slow', async (data, { signal }) => {
          await pEvent(signal, 'abort', { timeout: WAIT })
          ended.resolve(String(signal.reason?.name ?? signal.reason))

          return data
        })
        await go.attempt('request', { peer: ours.peerId.toString(), lane: 1, name: 'slow', size: 3, timeout: 500 })

        return `the handler ended: ${await within('the handler to end', ended.promise)}`
      })
    },
    {
      pair: OURS_TO_GO,
      case: 'deadline',
      run: async () => bench.withPair({}, async ({ ours, go }) => rejectsAs('RequestTimeoutError', ours.services.direct.request(go.nodeId, 'slow', new Uint8Array(3), { timeout: 300 })))
    },
    {
      pair: OURS_TO_GO,
      case: 'notification',
      run: async () => bench.withPair({}, async ({ ours, go }) => {
        await ours.services.direct.notify(go.nodeId, 'note', pattern(200_000))
        equal('data', (await go.event('note')).sha256, sha256(pattern(200_000)))
      })
    },
    {
      pair: GO_TO_OURS,
      case: 'notification',
      run: async () => bench.withPair({ dialler: 'go' }, async ({ ours, go }) => {
        const heard = Promise.withResolvers<Uint8Array>()
        ours.services.direct.handle('note', data => {
          heard.resolve(data.slice())

          return new Uint8Array()
        })
        await go.command('notify', { peer: ours.peerId.toString(), lane: 1, name: 'note', size: 200_000 })
        equal('data', sha256(await within('the notification', heard.promise)), sha256(pattern(200_000)))
      })
    },
    ...both((pair, dialler) => ({
      pair,
      case: 'both ask at once, as soon as they are connected: 20 requests of 100 KB each way',
      run: async () => bench.withPair({ dialler }, async pair => exchangeBothWays(pair))
    })),
    {
      pair: OURS_TO_GO,
      case: 'both dial at once: one connection stays',
      run: async () => bench.withPair({ connect: false }, async pair => {
        const { ours, go } = pair
        await Promise.all([oursDials(ours, go), goDials(go, ours)])
        const dialled = ours.getConnections().length
        await exchangeBothWays(pair)

        for (const signal = AbortSignal.timeout(WAIT); ours.getConnections().length > 1;) {
          await setTimeout(50, undefined, { signal })
        }

        await exchangeBothWays(pair)
        equal('connections', ours.getConnections().length, 1)

        return `${dialled} at first`
      })
    },
    ...both((pair, dialler) => ({
      pair,
      case: 'bulk gives way to consensus: 8 MiB beside 200 small requests',
      run: async () => bench.withPair({ dialler }, async ({ ours, go }) => {
        ours.services.direct.handle('echo', data => data)
        const small = pattern(100)
        const peer = ours.peerId.toString()
        const ask = async (lane: number, data: Uint8Array): Promise<string> => dialler === 'ours'
          ? sha256(await ours.services.direct.request(go.nodeId, 'echo', data, { lane: lane === 0 ? 'consensus' : 'bulk' }))
          : String((await go.command('request', { peer, lane, name: 'echo', size: data.byteLength })).sha256)
        const long = ask(2, pattern(SIZES['8 MiB']))

        for (let i = 0; i < 200; i++) {
          equal('small answer', await ask(0, small), sha256(small))
        }

        equal('long answer', await long, sha256(pattern(SIZES['8 MiB'])))
      })
    }))
  ]
}

async function exchangeBothWays ({ ours, go }: Pair): Promise<void> {
  const size = 100_000
  const wanted = sha256(pattern(size))
  ours.services.direct.unhandle('echo')
  ours.services.direct.handle('echo', data => data)

  await Promise.all(Array.from({ length: 20 }, async () => {
    const [atOurs, atGo] = await Promise.all([
      ours.services.direct.request(go.nodeId, 'echo', pattern(size)),
      go.command('request', { peer: ours.peerId.toString(), lane: 1, name: 'echo', size })
    ])
    equal('answer to ours', sha256(atOurs), wanted)
    equal('answer to go', atGo.sha256, wanted)
  }))
}

function statusCases (bench: Bench): Case[] {
  const height = (value: number): Uint8Array => Uint8Array.of(0, 0, 0, value)

  return [
    ...both((pair, dialler) => ({
      pair,
      case: 'status of each at the other, and its changes',
      run: async () => bench.withPair({ dialler }, async ({ ours, identity, go }) => {
        ours.services.statusSeq.set('height', height(1))
        await go.event('status', record => hasEntry(record, identity.nodeId, 'height', '00000001'))
        ours.services.statusSeq.set('height', height(2))
        await go.event('status', record => hasEntry(record, identity.nodeId, 'height', '00000002'))
        await go.command('set-status', { name: 'height', data: '0000002a' })
        await oursHas(ours, go.nodeId, 'height', '0000002a')
        await oursHas(ours, go.nodeId, 'fisco/neighbours', markOf(identity.nodeId))
        await go.event('status', record => hasEntry(record, identity.nodeId, 'fisco/neighbours', markOf(go.nodeId)))
      })
    })),
    {
      pair: GO_TO_OURS,
      case: 'status after a restart of go: the incarnation is higher',
      run: async () => {
        const identity = await bench.identity()
        const ours = await bench.startOurs(identity)
        const state = bench.statePath()

        try {
          let before = 0

          for (const value of ['01', '02']) {
            await using go = await bench.startGo(undefined, state)
            equal('incarnation grows', go.incarnation > before, true)
            before = go.incarnation
            await goDials(go, ours)
            await go.command('set-status', { name: 'height', data: value })
            await oursHas(ours, go.nodeId, 'height', value)
            equal('incarnation at ours', ours.services.statusSeq.get(go.nodeId)?.incarnation, go.incarnation)
          }
        } finally {
          await ours.stop()
        }
      }
    },
    {
      pair: OURS_TO_GO,
      case: 'status after a restart of ours: the incarnation is higher',
      run: async () => {
        const identity = await bench.identity()
        await using go = await bench.startGo()

        for (const value of [1, 2]) {
          const ours = await bench.startOurs(identity)

          try {
            const mark = go.mark
            await oursDials(ours, go)
            ours.services.statusSeq.set('height', height(value))
            await go.event('status', record => hasEntry(record, identity.nodeId, 'height', `0000000${value}`), mark)
          } finally {
            await ours.stop()
          }
        }

        const incarnations = new Set((await statusAtGo(go, identity.nodeId)).map(({ incarnation }) => incarnation))
        equal('records of ours', incarnations.size, 1)
      }
    }
  ]
}

function topicCases (bench: Bench): Case[] {
  const ways = [{ way: 'by unicast', goArgs: [] }, { way: 'by gossipsub alone', goArgs: ['-gossip-only'] }]

  return ways.flatMap(({ way, goArgs }) => [
    {
      pair: OURS_TO_GO,
      case: `multicast and broadcast, ${way}`,
      run: async () => bench.withPair({ goArgs }, async ({ ours, identity, go }) => {
        await go.command('follow', { name: 'prices' })
        await oursHas(ours, go.nodeId, 'fisco/topics', goArgs.length === 0 ? FOLLOWS_PRICES : '0a06707269636573')
        await subscribed(ours, go)

        for (const [size, topic] of [[10, 'fisco/prices'], [500_000, 'fisco/prices'], [10, BROADCAST_TOPIC]] as const) {
          const mark = go.mark
          await published(() => topic === BROADCAST_TOPIC ? ours.services.topics.broadcast(pattern(size)) : ours.services.topics.publish('prices', pattern(size)))
          const message = await go.event('message', line => line.topic === topic, mark)
          equal('author', message.author, identity.nodeId)
          equal('data', message.sha256, sha256(pattern(size)))
        }
      })
    },
    {
      pair: GO_TO_OURS,
      case: `multicast and broadcast, ${way}`,
      run: async () => bench.withPair({ goArgs, dialler: 'go' }, async ({ ours, identity, go }) => {
        const messages: Array<TopicMessage | BroadcastMessage> = []
        const arrivals = new EventTarget()
        const take = (message: TopicMessage | BroadcastMessage): void => {
          messages.push(message)
          arrivals.dispatchEvent(new Event('message'))
        }

        ours.services.topics.follow('prices', take)
        ours.services.topics.addEventListener('broadcast:message', ({ detail }) => { take(detail) })
        await go.event('status', record => hasEntry(record, identity.nodeId, 'fisco/topics', FOLLOWS_PRICES))
        await oursHas(ours, go.nodeId, 'fisco/topics', goArgs.length === 0 ? '1001' : '')
        await subscribed(ours, go)

        for (const [size, cmd] of [[10, 'publish'], [500_000, 'publish'], [10, 'broadcast']] as const) {
          const arrival = messages.length > 0 ? undefined : pEvent(arrivals, 'message', { timeout: WAIT })
          await go.command(cmd, { name: 'prices', size })
          await arrival
          const message = messages.shift()
          equal('author', message?.author, go.nodeId)
          equal('data', sha256(message?.data ?? new Uint8Array()), sha256(pattern(size)))
        }
      })
    }
  ])
}

/**
 * More than two nodes: what the one in the middle passes on.
 */
function networkCases (bench: Bench): Case[] {
  return [
    {
      pair: OURS_TO_GO,
      case: 'ours - go - ours: go passes on status and messages',
      run: async () => {
        const [first, last] = await Promise.all([bench.identity(), bench.identity(2)])
        await using go = await bench.startGo()
        await using nodes = new AsyncDisposableStack()
        const [a, b] = await Promise.all([first, last].map(async identity => nodes.adopt(await bench.startOurs(identity), async node => node.stop())))
        const heard = Promise.withResolvers<TopicMessage>()
        b.services.topics.follow('prices', message => { heard.resolve(message) })
        await go.command('follow', { name: 'prices' })
        await oursDials(a, go)
        await oursDials(b, go)
        await oursHas(a, last.nodeId, 'fisco/topics', FOLLOWS_PRICES)
        await oursHas(a, last.nodeId, 'fisco/neighbours', markOf(go.nodeId))
        await go.event('status', record => hasEntry(record, first.nodeId, 'fisco/neighbours', markOf(go.nodeId)))
        await a.services.topics.publish('prices', pattern(100_000))
        const message = await within('the message', heard.promise)
        equal('author', message.author, first.nodeId)
        equal('data', sha256(message.data), sha256(pattern(100_000)))
      }
    },
    {
      pair: GO_TO_OURS,
      case: 'go - ours - go: ours passes on status and messages',
      run: async () => {
        const identity = await bench.identity()
        await using a = await bench.startGo()
        await using b = await bench.startGo(undefined, undefined, 2)
        await using nodes = new AsyncDisposableStack()
        const ours = nodes.adopt(await bench.startOurs(identity), async node => node.stop())
        ours.services.topics.follow('prices', () => {})
        await b.command('follow', { name: 'prices' })
        await goDials(a, ours)
        await goDials(b, ours)
        await a.event('status', record => hasEntry(record, b.nodeId, 'fisco/topics', FOLLOWS_PRICES))
        await a.event('status', record => hasEntry(record, b.nodeId, 'fisco/neighbours', markOf(identity.nodeId)))
        await oursHas(ours, a.nodeId, 'fisco/neighbours', markOf(identity.nodeId))
        await a.command('publish', { name: 'prices', size: 100_000 })
        const message = await b.event('message')
        equal('author', message.author, a.nodeId)
        equal('data', message.sha256, sha256(pattern(100_000)))
      }
    },
    ...both((pair, hub) => ({
      pair,
      case: `a table of ${CROWD + 2} nodes, of which ${hub === 'ours' ? 'go' : 'ours'} learns at once when it comes`,
      run: async () => {
        await using nodes = new AsyncDisposableStack()
        const crowd = await Promise.all(Array.from({ length: CROWD }, async (_, i) => nodes.use(await bench.startGo(undefined, undefined, i + 2))))
        const ours = nodes.adopt(await bench.startOurs(await bench.identity()), async node => node.stop())
        const go = nodes.use(await bench.startGo())
        await Promise.all(crowd.map(async one => hub === 'ours' ? goDials(one, ours) : one.command('dial', { addr: go.address })))

        for (const { nodeId } of crowd) {
          await (hub === 'ours' ? oursHas(ours, nodeId) : go.event('status', record => (record.record as GoRecord).nodeId === nodeId))
        }

        const begin = performance.now()
        await goDials(go, ours)

        for (const { nodeId } of crowd) {
          await (hub === 'ours' ? go.event('status', record => (record.record as GoRecord).nodeId === nodeId) : oursHas(ours, nodeId))
        }

        return `${Math.round(performance.now() - begin)} ms`
      }
    }))
  ]
}

function both (make: (pair: string, dialler: 'ours' | 'go') => Case): Case[] {
  return [make(OURS_TO_GO, 'ours'), make(GO_TO_OURS, 'go')]
}

/**
 * Go where it is found: on the path, or where its installer puts it.
 */
async function goCommand (): Promise<string | undefined> {
  const installed = '/usr/local/go/bin/go'

  return run('go', ['version']).then(() => 'go', async () => access(installed).then(() => installed, () => undefined))
}

/**
 * Makes a chain, and gives its nodes' folders of key and certificates.
 */
async function chainOf (folder: string, name: string, keyType: 'ed25519' | 'rsa', nodes = 2): Promise<string[]> {
  const output = join(folder, name)
  const chain = await writeChain({ output, nodes, agency: 'agency', keyType })

  return chain.nodes.map(({ name }) => join(output, 'nodes', name, 'conf'))
}

async function oursDials (ours: Ours, go: GoNode): Promise<void> {
  await ours.dial(multiaddr(go.address), { signal: AbortSignal.timeout(WAIT) })
}

async function goDials (go: GoNode, ours: Ours): Promise<void> {
  await go.command('dial', { addr: ours.getMultiaddrs()[0].toString() })
}

/**
 * The bytes that the Go node sends as well when it is told a size.
 */
function pattern (size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i * 7)
}

function sha256 (data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * How the entry fisco/neighbours names a node.
 */
function markOf (nodeId: string): string {
  return sha256(Buffer.from(nodeId, 'hex')).slice(0, 16)
}

function equal (what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) {
    throw new Error(`${what}: ${String(seen)} instead of ${String(wanted)}`)
  }
}

function contains (text: string, part: string): string {
  if (!text.includes(part)) {
    throw new Error(`"${text}" does not say "${part}"`)
  }

  return text
}

async function rejectsAs (name: string, asked: Promise<unknown>): Promise<string> {
  const err = await asked.then(() => undefined, err => err as Error)
  equal('error', err?.name, name)

  return err?.message ?? ''
}

async function failsWith (error: string, go: GoNode, ours: Ours, name: string): Promise<string> {
  const answer = await go.attempt('request', { peer: ours.peerId.toString(), lane: 1, name, size: 3 })

  return contains(String(answer.error), error)
}

async function within <T> (what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const signal = AbortSignal.timeout(WAIT)
  signal.addEventListener('abort', () => { late.reject(new Error(`waited ${WAIT} ms for ${what}`)) })

  return Promise.race([promise, late.promise])
}

interface GoRecord {
  nodeId: string
  incarnation: number
  entries: Record<string, string>
}

function hasEntry (line: GoLine, nodeId: string, name: string, value: string): boolean {
  const record = line.record as GoRecord

  return record.nodeId === nodeId && record.entries[name] === value
}

async function statusAtGo (go: GoNode, nodeId: string): Promise<GoRecord[]> {
  return ((await go.command('list-status')).records as GoRecord[]).filter(record => record.nodeId === nodeId)
}

/**
 * Waits until ours has a node's record, with an entry if one is named.
 */
async function oursHas (ours: Ours, nodeId: string, name?: string, value?: string): Promise<void> {
  const signal = AbortSignal.timeout(WAIT)

  for await (const record of ours.services.statusSeq.changes({ signal })) {
    const held = name == null ? undefined : record.entries.get(name)

    if (record.nodeId === nodeId && (name == null || (held != null && Buffer.from(held).toString('hex') === value))) {
      return
    }
  }

  throw new Error(`waited ${WAIT} ms for the status of ${nodeId} at ours${name == null ? '' : ` with ${name} = ${value}`}`)
}

/**
 * Publishes until a neighbour gets it: one that takes nothing by unicast is in gossipsub's mesh 3 s after it was seen, and not before.
 */
async function published (publish: () => Promise<PublishResult>): Promise<void> {
  for (const signal = AbortSignal.timeout(WAIT); (await publish()).recipients === 0;) {
    await setTimeout(250, undefined, { signal })
  }
}

/**
 * Waits until gossipsub of ours knows that the Go node hears broadcasts.
 */
async function subscribed (ours: Ours, go: GoNode): Promise<void> {
  const { pubsub } = ours.services
  const known = (): boolean => pubsub.getSubscribers(BROADCAST_TOPIC).some(peer => peer.toString() === go.peerId)

  if (!known()) {
    await pEvent(pubsub, 'subscription-change', { filter: known, timeout: WAIT })
  }
}
