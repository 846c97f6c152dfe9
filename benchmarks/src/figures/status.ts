import { createIdentities, diameterOf, FRAME_OVERHEAD, seededRandom, StatusSimulation, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { simulateChanges } from '../simulated-changes.ts'
import { median, round } from '../stats.ts'
import { realSpread } from '../status-network.ts'
import type { Figure, Values } from '../figure.ts'
import type { Identity } from '@fisco-libp2p/identity'

/**
 * Milliseconds that each simulated link takes each way.
 */
const DELAY = 20
const NODES = 100
const CHANGES = 20

/**
 * Bytes of a frame that says (incarnation, seq) and nothing else, as protobuf: what a node that tells every neighbour each second sends.
 */
const TIMER_FRAME = FRAME_OVERHEAD + 2 + 7 + 3

type Shape = 'mesh' | 'degree6'

interface Measured {
  ms: number
  messages: number
  bytes: number
  idle: number
  diameter: number
  neighbours: number
}

/**
 * One change of one node, until all know it: simulated with the real rules, and between real nodes.
 */
export const status: Figure = async ({ scale, progress }) => {
  const [identity] = await createIdentities(1, { keyType: 'secp256k1' })
  const changes = Math.max(1, Math.round(CHANGES * scale))
  const run = (shape: Shape, nodes: number, lost = 0): Measured => {
    progress(`status: ${nodes} nodes, ${shape}, ${100 * lost} % of pushes lost`)

    return measure(identity, shape, nodes, changes, lost)
  }

  const [mesh, degree6] = [run('mesh', NODES), run('degree6', NODES)]
  const lost = [run('mesh', NODES, 0.05), run('degree6', NODES, 0.05), run('mesh', NODES, 0.3), run('degree6', NODES, 0.3)]
  const slope = [10, 30, Math.ceil(1_000 * scale)].map(nodes => [nodes, run('degree6', nodes)] as const)
  const count = Math.max(3, Math.round(30 * scale))
  const real: Values = {}

  for (const shape of ['mesh', 'degree6'] as const) {
    const times = await realSpread(shape, count, changes)
    real[`${count} real nodes, ${shape}, p50 ms`] = round(median(times))
    real[`${count} real nodes, ${shape}, slowest ms`] = round(Math.max(...times))
  }

  const timer = (neighbours: number): number => round(neighbours * TIMER_FRAME)

  const ratios: Values = {
    'mesh, ms': mesh.ms,
    'mesh, messages per other node': round(mesh.messages / (NODES - 1)),
    'mesh, timer / ours idle': round(timer(mesh.neighbours) / mesh.idle),
    'degree 6, ms': degree6.ms,
    'degree 6, timer / ours idle': round(timer(degree6.neighbours) / degree6.idle),
    '5 % lost, ms': Math.max(lost[0].ms, lost[1].ms),
    '30 % lost, ms': Math.max(lost[2].ms, lost[3].ms)
  }
  const limits = { 'mesh, ms': 1.5 * DELAY + 10, 'degree 6, ms': degree6.diameter * DELAY + 20, '5 % lost, ms': 1_500, '30 % lost, ms': 2_000 }

  return {
    ours: {
      ...values('mesh', mesh),
      ...values('degree 6', degree6),
      ...Object.fromEntries(slope.map(([nodes, { ms }]) => [`degree 6 of ${nodes}, ms`, ms])),
      ...Object.fromEntries(slope.map(([nodes, { idle }]) => [`degree 6 of ${nodes}, idle B/s`, idle])),
      ...real
    },
    rivals: {
      'timer to every neighbour': {
        // it waits half a second on average, then its number, the question and the answer travel
        'mesh, ms': 500 + 3 * DELAY,
        'mesh, idle B/s': timer(mesh.neighbours),
        'degree 6, idle B/s': timer(degree6.neighbours)
      }
    },
    ratios,
    goal: {
      ...Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, `<= ${limit}`])),
      'mesh, messages per other node': '<= 1.1',
      'mesh, timer / ours idle': '>= 50',
      'degree 6, timer / ours idle': '>= 9'
    },
    aim: { 'mesh, timer / ours idle': '100', 'degree 6, timer / ours idle': '100', '30 % lost, ms': '1000' },
    met: Object.entries(limits).every(([name, limit]) => ratios[name] <= limit) && ratios['mesh, messages per other node'] <= 1.1 &&
      ratios['mesh, timer / ours idle'] >= 50 && ratios['degree 6, timer / ours idle'] >= 9
  }
}

/**
 * The slowest of some changes, by different nodes, 30 s apart; messages and bytes are medians.
 */
function measure (identity: Identity, shape: Shape, nodes: number, changes: number, lostPushes: number): Measured {
  const random = seededRandom(nodes)
  const links = TOPOLOGIES[shape](nodes, random)
  const network = new StatusSimulation({ identity, nodes, links, random, delay: DELAY, lostPushes })
  // until the news of the start is old
  network.run(90_000)
  const { bytes } = network.traffic
  network.run(120_000)
  const idle = round((network.traffic.bytes - bytes) / 120 / nodes)
  const results = simulateChanges(network, random, changes, 60_000)

  return {
    ms: Math.max(...results.map(({ ms }) => ms)),
    messages: median(results.map(({ pushes }) => pushes)),
    bytes: median(results.map(({ bytes }) => bytes)),
    idle,
    diameter: diameterOf(nodes, links),
    neighbours: 2 * links.length / nodes
  }
}

function values (name: string, { ms, messages, bytes, idle }: Measured): Values {
  return { [`${name}, ms`]: ms, [`${name}, messages`]: messages, [`${name}, KiB`]: round(bytes / 1_024), [`${name}, idle B/s`]: idle }
}
