import { TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { BroadcastNetwork } from '../broadcast/network.ts'
import { ratio, summary } from '../figure.ts'
import type { BroadcasterName } from '../broadcast/contenders.ts'
import type { Links } from '../broadcast/network.ts'
import type { Figure, FigureContext, Values } from '../figure.ts'

const NODES = 20

/**
 * Rounds are long: a network of 20 nodes is started for each.
 */
const MAX_ROUNDS = 3

/**
 * Seconds of a measurement.
 */
const LASTS = 15

const SHAPES = {
  mesh: TOPOLOGIES.mesh(NODES),
  'degree 5': ringWithChords(NODES)
} satisfies Record<string, Links>

type Shape = keyof typeof SHAPES

/**
 * How many messages a second each is measured at: stock gossipsub with signatures takes two at most.
 */
const RATES: Record<BroadcasterName, number[]> = { node: [10, 50], 'stock StrictNoSign': [10, 50], 'stock StrictSign': [1] }

/**
 * Broadcasts of 1 KiB between 20 nodes in five processes.
 */
export const broadcast: Figure = async context => {
  const results = new Map<string, Values[]>()

  for (let round = 0; round < Math.min(MAX_ROUNDS, context.rounds); round++) {
    for (const shape of Object.keys(SHAPES) as Shape[]) {
      for (const name of Object.keys(RATES) as BroadcasterName[]) {
        context.progress(`broadcast: ${name}, ${shape}, round ${round + 1}`)

        for (const [perSecond, values] of await measure(context, name, shape)) {
          const key = `${name}, ${shape}, ${perSecond}/s`
          results.set(key, [...results.get(key) ?? [], values])
        }
      }
    }
  }

  return report(name => results.get(name) ?? [])
}

async function measure ({ scale, credentials }: FigureContext, name: BroadcasterName, shape: Shape): Promise<Array<[number, Values]>> {
  await using network = await BroadcastNetwork.start(name, credentials('secp256k1').slice(0, NODES), SHAPES[shape], scale)
  const measured: Array<[number, Values]> = []
  // connections and code are warm then
  await network.measure(Math.ceil(NODES * scale), 10)

  for (const perSecond of RATES[name]) {
    measured.push([perSecond, await network.measure(Math.ceil(LASTS * perSecond * scale), perSecond)])
  }

  return measured
}

function report (of: (name: string) => Values[]): Awaited<ReturnType<Figure>> {
  const ratios: Values = {}
  const shapes = Object.keys(SHAPES) as Shape[]

  for (const shape of shapes) {
    const [ours, unsigned, signed] = [of(`node, ${shape}, 10/s`), of(`stock StrictNoSign, ${shape}, 10/s`), of(`stock StrictSign, ${shape}, 1/s`)]
    ratios[`${shape}, copies`] = summary(ours)['copies per delivery']
    ratios[`${shape}, CPU / StrictNoSign`] = ratio(ours, unsigned, 'CPU ms per delivery')
    ratios[`${shape}, p99 / StrictNoSign`] = ratio(ours, unsigned, 'p99ms')
    ratios[`${shape}, CPU / StrictSign`] = ratio(ours, signed, 'CPU ms per delivery')
  }

  const lost = shapes.flatMap(shape => [10, 50].flatMap(perSecond => of(`node, ${shape}, ${perSecond}/s`))).reduce((sum, values) => sum + values.lost, 0)
  ratios['lost of ours'] = lost

  const flat = (name: BroadcasterName): Values => Object.fromEntries(shapes.flatMap(shape => RATES[name].flatMap(perSecond => {
    return Object.entries(summary(of(`${name}, ${shape}, ${perSecond}/s`))).map(([key, value]) => [`${shape}, ${perSecond}/s, ${key}`, value])
  })))

  return {
    ours: flat('node'),
    rivals: { 'stock StrictNoSign': flat('stock StrictNoSign'), 'stock StrictSign': flat('stock StrictSign') },
    ratios,
    goal: {
      'mesh, copies': '<= 1.1',
      'mesh, CPU / StrictNoSign': '<= 0.55',
      'mesh, p99 / StrictNoSign': '<= 0.5',
      'mesh, CPU / StrictSign': '<= 0.1',
      'degree 5, copies': '<= 4',
      'lost of ours': '0'
    },
    aim: { 'mesh, CPU / StrictNoSign': '0.2', 'mesh, p99 / StrictNoSign': '0.25', 'degree 5, copies': '1.3' },
    met: ratios['mesh, copies'] <= 1.1 && ratios['mesh, CPU / StrictNoSign'] <= 0.55 && ratios['mesh, p99 / StrictNoSign'] <= 0.5 &&
      ratios['mesh, CPU / StrictSign'] <= 0.1 && ratios['degree 5, copies'] <= 4 && lost === 0
  }
}

/**
 * Each node with five neighbours: the next on either side, those four further, and the one opposite.
 */
function ringWithChords (nodes: number): Links {
  const links = Array.from({ length: nodes }, (_, i) => i)

  return [
    ...links.flatMap(i => [1, 4].map(step => [i, (i + step) % nodes] as const)),
    ...links.slice(0, nodes / 2).map(i => [i, i + nodes / 2] as const)
  ]
}
