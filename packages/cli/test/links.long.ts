import { readFile, writeFile } from 'node:fs/promises'
import { createFaultNetwork, GAUGE_PLUGIN, membersOf, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { quantiles, soak } from './soak/soak.ts'
import { BIN } from './support/run.ts'
import type { FaultNetwork, LogEntry, Station } from '@fisco-libp2p/test-kit'

const RESTARTS = 8

/**
 * Milliseconds after which a link counts as stable (`stableAfter`), so that it is dialled again at once when it is lost.
 */
const STABLE = 5_500

function figure (name: string, value: object): void {
  process.stdout.write(`      ${JSON.stringify({ figure: name, ...value })}\n`)
}

function lastGauge ({ entries }: Station): LogEntry | undefined {
  return entries.findLast(({ event }) => event === 'gauge')
}

function isSingle (network: FaultNetwork, members: number): boolean {
  return network.stations.every(station => {
    const gauge = lastGauge(station)

    return gauge?.connections === members && gauge.doubled === 0
  })
}

/**
 * Restarts the first node again and again.
 *
 * @returns for each restart and each other node, milliseconds from the moment in which it listens to its `peer:up` there
 */
async function restartTimes (network: FaultNetwork): Promise<number[]> {
  const [{ node, nodeId }, ...others] = network.stations
  const times: number[] = []

  for (let i = 0; i < RESTARTS; i++) {
    await new Promise(resolve => setTimeout(resolve, STABLE))
    await node.end(i % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
    await network.until('all have noticed', () => others.every(other => !membersOf(other).has(nodeId)), 10_000)
    const { time } = await node.start()
    const upOf = ({ entries }: Station): LogEntry | undefined => entries.findLast(entry => entry.event === 'peer:up' && entry.nodeId === nodeId && entry.time > time - 1_000)
    await network.until('all have it back', () => others.every(other => membersOf(other).has(nodeId)), 30_000)
    // who is dialled by a node hears of it a moment before that node says that it has started
    times.push(...others.map(other => Math.max(0, (upOf(other)?.time ?? Infinity) - time)))
  }

  return times
}

describe('links between processes', () => {
  it('makes a full mesh of 20 nodes that start at once, with one connection for each pair', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: 20, folder: folder.join('net'), bin: BIN, plugins: [GAUGE_PLUGIN] })
    const begin = Date.now()
    await network.start()
    await network.until('all are connected with all', () => network.isFullMesh(), 300_000)
    const mesh = Date.now()
    const firstStarted = Math.min(...network.stations.map(({ entries }) => entries.find(({ event }) => event === 'started')?.time ?? Infinity))
    const lastStarted = Math.max(...network.stations.map(({ entries }) => entries.find(({ event }) => event === 'started')?.time ?? 0))
    await network.until('one connection for each pair', () => isSingle(network, 19), 120_000)

    figure('20 nodes at once', { untilFullMeshMs: mesh - begin, afterFirstNodeListensMs: mesh - firstStarted, afterLastNodeListensMs: mesh - lastStarted })
  })

  it('has a node back soon after it listens again', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: 5, folder: folder.join('net'), bin: BIN })
    await network.start()
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)
    const times = await restartTimes(network)

    expect(times.every(Number.isFinite)).to.be.true
    figure('restart, configured on both sides', quantiles(times))
  })

  it('has a node back that dials nobody itself', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: 5, folder: folder.join('net'), bin: BIN })
    const [{ node }] = network.stations
    await writeFile(node.config, (await readFile(node.config, 'utf8')).replace(/^\s*node\.\d+=.*\n/gm, ''))
    await network.start()
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)
    const times = await restartTimes(network)

    expect(times.every(Number.isFinite)).to.be.true
    figure('restart, configured on the other sides only', quantiles(times))
  })

  it('finds a process that stands still, and has it back when it goes on', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: 4, folder: folder.join('net'), bin: BIN })
    const [stopped, ...others] = network.stations
    await network.start()
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)
    stopped.node.signal('SIGSTOP')
    const begin = Date.now()
    await network.until('all have noticed', () => others.every(other => !membersOf(other).has(stopped.nodeId)), 20_000)
    const downs = others.map(({ entries }) => entries.findLast(({ event, nodeId }) => event === 'peer:down' && nodeId === stopped.nodeId))
    await new Promise(resolve => setTimeout(resolve, Math.max(0, begin + 20_000 - Date.now())))
    stopped.node.signal('SIGCONT')
    const goesOn = Date.now()
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)

    expect(downs.map(down => down?.reason)).to.deep.equal(['silent', 'silent', 'silent'])
    expect(downs.every(down => Number(down?.time) - begin <= 16_000)).to.be.true
    figure('SIGSTOP for 20 s', { noticedAfterMs: downs.map(down => Number(down?.time) - begin), backAfterMs: Date.now() - goesOn })
  })

  it('survives a partition of 60 s', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: 4, folder: folder.join('net'), bin: BIN })
    await network.start()
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)
    network.stations.forEach(({ line }) => { line.silence(true) })
    const begin = Date.now()
    await network.until('everybody is alone', () => network.stations.every(station => membersOf(station).size === 0), 20_000)
    const alone = Date.now()
    await new Promise(resolve => setTimeout(resolve, begin + 60_000 - Date.now()))
    const dials = network.stations.flatMap(({ entries }) => entries.filter(({ event, time }) => event === 'peer:retry' && time > begin)).length
    network.stations.forEach(({ line }) => { line.silence(false) })
    const healed = Date.now()
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)
    const mesh = Date.now()
    await network.until('one connection for each pair', () => isSingle(network, 3), 60_000)

    const downs = network.stations.flatMap(({ entries }) => entries.filter(({ event, time }) => event === 'peer:down' && time >= begin && time <= alone))
    expect(downs.map(({ reason }) => reason)).to.deep.equal(Array(12).fill('silent'))
    figure('partition of 60 s', { noticedAfterMs: alone - begin, backAfterMs: mesh - healed, failedDialsOfAllNodes: dials })
  })

  it('holds every property over a minute of faults', async () => {
    await using folder = await temporaryFolder()
    const report = await soak({ minutes: 1, nodes: 5, seed: 11, folder: folder.join('net'), progress: () => {} })

    expect(report.properties.filter(({ ok }) => !ok)).to.deep.equal([])
    figure('soak of a minute', report.figures)
  })
})
