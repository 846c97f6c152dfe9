import { setTimeout } from 'node:timers/promises'
import { pEvent } from 'p-event'
import { both, failsWith, GO_TO_OURS, goDials, OURS_TO_GO, oursDials } from './bench.ts'
import { contains, equal, pattern, rejectsAs, sha256, WAIT, within } from './expect.ts'
import type { Case } from '../row.ts'
import type { Bench, Pair } from './bench.ts'

const SIZES = { '0 B': 0, '1 B': 1, '64 KiB': 65_536, '1 MiB': 1_048_576, '8 MiB': 8_388_608 }

/**
 * Unicast: sizes, errors, cancelling, lanes.
 */
export function directCases (bench: Bench): Case[] {
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
