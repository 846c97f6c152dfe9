import { parseArgs } from 'node:util'
import { createIdentities, diameterOf, seededRandom, StatusSimulation, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { simulateChanges } from './simulated-changes.ts'
import { median } from './stats.ts'
import { realSpread } from './status-network.ts'
import type { Topology } from '@fisco-libp2p/test-kit'

/**
 * `node benchmarks/dist/src/convergence.js [NODES...]`: how long a change takes to be known to all nodes, by the shape of the network and what gets
 * lost, simulated. The same numbers each time. With `--real` between 30 real nodes instead.
 */
const DELAY = 20
const CHANGES = 10
const LOST = [0, 0.05, 0.3]
const LONGEST = 300_000
const REAL_NODES = 30
const { values: { real }, positionals } = parseArgs({ options: { real: { type: 'boolean' } }, allowPositionals: true })
const [identity] = await createIdentities(1, { keyType: 'ed25519' })

if (real === true) {
  await printReal()
} else {
  printSimulated(positionals.length > 0 ? positionals.map(Number) : [100, 1_000])
}

async function printReal (): Promise<void> {
  process.stdout.write(`| network | nodes | median ms | slowest ms |\n| --- | --- | --- | --- |\n`)

  for (const shape of Object.keys(TOPOLOGIES) as Topology[]) {
    const times = await realSpread(shape, REAL_NODES, CHANGES)
    process.stdout.write(`| ${shape} | ${REAL_NODES} | ${shown(median(times))} | ${shown(Math.max(...times))} |\n`)
  }
}

function printSimulated (counts: number[]): void {
  process.stdout.write(`| network | nodes | diameter | pushes | ${LOST.map(share => `${100 * share} % lost: median, slowest ms`).join(' | ')} |\n| --- | --- | --- | --- | ${LOST.map(() => '---').join(' | ')} |\n`)

  for (const shape of Object.keys(TOPOLOGIES) as Topology[]) {
    for (const nodes of counts.filter(count => shape !== 'mesh' || count <= 200)) {
      const rows = LOST.map(lostPushes => spreads(shape, nodes, lostPushes))
      const [{ diameter, pushes }] = rows
      process.stdout.write(`| ${shape} | ${nodes.toLocaleString('en-US')} | ${diameter} | ${pushes.toLocaleString('en-US')} | ${rows.map(({ times }) => `${shown(median(times))}, ${shown(Math.max(...times))}`).join(' | ')} |\n`)
    }
  }
}

function spreads (shape: Topology, nodes: number, lostPushes: number): { diameter: number, pushes: number, times: number[] } {
  const random = seededRandom(nodes)
  const links = TOPOLOGIES[shape](nodes, random)
  const network = new StatusSimulation({ identity, nodes, links, random, delay: DELAY, lostPushes })
  network.run(60_000)
  const changes = simulateChanges(network, random, CHANGES, LONGEST)

  return { diameter: diameterOf(nodes, links), pushes: median(changes.map(({ pushes }) => pushes)), times: changes.map(({ ms }) => ms) }
}

function shown (milliseconds: number): string {
  return milliseconds === Infinity ? 'more than 300,000' : Math.round(milliseconds).toLocaleString('en-US')
}
