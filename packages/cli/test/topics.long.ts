import { checkTopics, createFaultNetwork, seededRandom, tallyTopics, temporaryFolder, TOPICS_PLUGIN } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { BIN } from './support/run.ts'
import type { FaultNetwork, NodeLog, PropertyResult, Station } from '@fisco-libp2p/test-kit'

const NODES = 20

/**
 * Nodes that dial nobody: all their links go over their relays, so that they can be parted from all others.
 */
const ISLANDS = 4

type Links = ReadonlyArray<readonly [number, number]>

const mesh: Links = Array.from({ length: NODES }, (_, i) => Array.from({ length: NODES }, (_, j) => [i, j] as const)).flat().filter(([from, to]) => from !== to)
const withIslands: Links = mesh.filter(([from]) => from < NODES - ISLANDS)

/**
 * A ring with chords: each node has five neighbours.
 */
const degree5: Links = Array.from({ length: NODES }, (_, i) => [[i, (i + 1) % NODES] as const, [i, (i + 4) % NODES] as const, ...i < NODES / 2 ? [[i, i + NODES / 2] as const] : []]).flat()

function figure (name: string, value: object): void {
  process.stdout.write(`      ${JSON.stringify({ figure: name, ...value })}\n`)
}

async function sleep (milliseconds: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}

/**
 * Starts all nodes, and waits until each knows all followers.
 */
async function startAll (network: FaultNetwork): Promise<void> {
  await network.start()
  await network.until('all know who follows', () => network.stations.every(({ entries }) => entries.findLast(({ event }) => event === 'topic:followers')?.followers === NODES), 240_000)
  await sleep(5_000)
}

/**
 * Whose messages are missing where, and what was said to be lost.
 */
function whereMissing (authors: readonly NodeLog[], followers: readonly NodeLog[]): string[] {
  return followers.flatMap(follower => authors.filter(({ nodeId }) => nodeId !== follower.nodeId).flatMap(author => {
    const got = new Set(follower.entries.filter(({ event, topic }) => event === 'topic:got' && topic === 'reliable').map(({ id, sequence }) => `${id} ${sequence}`))
    const missing = author.entries.filter(({ event, topic, id, sequence }) => event === 'topic:sent' && topic === 'reliable' && !got.has(`${id} ${sequence}`)).map(({ sequence }) => sequence)
    const gaps = follower.entries.filter(({ event, id }) => event === 'topic:gap' && String(id).startsWith(author.nodeId.slice(0, 16))).map(({ from, to }) => `${from}-${to}`)

    return missing.length === 0 ? [] : [`${follower.name} lacks ${missing.length} of ${author.name}: ${missing.slice(0, 5)}...${missing.at(-1)}; gaps ${gaps.join(', ') || 'none'}`]
  }))
}

function toggle (stations: readonly Station[]): void {
  stations.forEach(({ node }) => { node.signal('SIGUSR2') })
}

/**
 * Waits until everything that was sent has arrived, or nothing has for some time.
 */
async function settle (authors: readonly NodeLog[], followers: readonly NodeLog[], patience = 30_000): Promise<void> {
  const arrived = (): number => followers.reduce((sum, { entries }) => sum + entries.filter(({ event }) => event === 'topic:got').length, 0)
  let [count, since] = [arrived(), Date.now()]

  while (Date.now() - since < patience) {
    await sleep(1_000)
    const { reliable, confirmed, broadcast } = tallyTopics(authors, followers)

    if ([reliable, confirmed, broadcast].every(({ lost }) => lost === 0) && confirmed.sent >= reliable.sent) {
      return
    }

    if (arrived() !== count) {
      [count, since] = [arrived(), Date.now()]
    }
  }
}

/**
 * Fails with what they said last, if processes have ended that nobody has ended.
 */
function expectRunning (stations: readonly Station[]): void {
  expect(stations.filter(({ node }) => !node.running).map(({ node }) => `${node.name} has ended: ${node.stderr}`)).to.deep.equal([])
}

function expectAll (results: readonly PropertyResult[]): void {
  expect(results.flatMap(({ ok, violations }) => ok ? [] : violations)).to.deep.equal([])
}

describe('topics between processes', () => {
  for (const [shape, links] of [['full mesh', mesh], ['degree 5', degree5]] as const) {
    it(`deliver everything once over good lines and over bad ones, ${shape}`, async () => {
      await using folder = await temporaryFolder()
      await using network = await createFaultNetwork({ nodes: NODES, folder: folder.join('net'), bin: BIN, plugins: [TOPICS_PLUGIN], links })
      await startAll(network)
      toggle(network.stations)
      await sleep(10_000)
      toggle(network.stations)
      await settle(network.logs, network.logs)
      const good = tallyTopics(network.logs, network.logs)
      figure(`${shape}, good lines`, good)
      expectAll(checkTopics(network.logs, network.logs))
      expect(good.broadcast.lost).to.equal(0)

      // a chunk in ten stalls, a connection in a hundred is cut
      network.stations.forEach(({ line }, i) => { line.loss = seededRandom(i) })
      toggle(network.stations)

      for (let i = 0; i < 4; i++) {
        await sleep(5_000)
        network.stations[i].line.cut(i % 2 === 0 ? 'reset' : 'fin')
      }

      toggle(network.stations)
      network.stations.forEach(({ line }) => { line.loss = undefined })
      await settle(network.logs, network.logs)
      figure(`${shape}, bad lines and cuts`, tallyTopics(network.logs, network.logs))
      expectAll(checkTopics(network.logs, network.logs))
    })
  }

  it('lose nothing that is reliable or confirmed in 60 s of partition', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: NODES, folder: folder.join('net'), bin: BIN, plugins: [TOPICS_PLUGIN], links: withIslands })
    await startAll(network)
    toggle(network.stations)
    // all have heard of all: what is published before a node has heard anything of its author is another matter
    await sleep(10_000)
    network.stations.slice(-ISLANDS).forEach(({ line }) => { line.silence(true) })
    await sleep(60_000)
    network.stations.slice(-ISLANDS).forEach(({ line }) => { line.silence(false) })
    await sleep(3_000)
    toggle(network.stations)
    await settle(network.logs, network.logs, 60_000)
    figure('60 s of partition', tallyTopics(network.logs, network.logs))
    expectRunning(network.stations)
    expect(whereMissing(network.logs, network.logs)).to.deep.equal([])
    expectAll(checkTopics(network.logs, network.logs))
  })

  it('of authors that are killed reach all of the others, or none', async () => {
    await using folder = await temporaryFolder()
    await using network = await createFaultNetwork({ nodes: NODES, folder: folder.join('net'), bin: BIN, plugins: [TOPICS_PLUGIN] })
    await startAll(network)
    toggle(network.stations)

    for (const { node } of network.stations.slice(0, 4)) {
      await sleep(2_000 + Math.random() * 400)
      await node.end('SIGKILL')
    }

    await sleep(2_000)
    toggle(network.stations.slice(4))
    expectRunning(network.stations.slice(4))
    const survivors = network.logs.slice(4)
    await settle(survivors, survivors)
    await sleep(10_000)
    expectRunning(network.stations.slice(4))
    // what all shall confirm waits for those that are gone
    expect(whereMissing(survivors, survivors)).to.deep.equal([])
    expect(tallyTopics(survivors, survivors)).to.deep.include({ reliable: { ...tallyTopics(survivors, survivors).reliable, lost: 0, doubled: 0, disordered: 0 } })

    // what one survivor has of a killed author, all have
    const killed = new Set(network.logs.slice(0, 4).map(({ nodeId }) => nodeId.slice(0, 16)))
    const sets = survivors.map(({ entries }) => entries
      .filter(({ event, topic, id }) => event === 'topic:got' && topic !== 'confirmed' && killed.has(String(id).split(' ')[0]))
      .map(({ topic, id, sequence }) => `${topic} ${id} ${sequence}`).sort())
    const all = new Set(sets.flat())
    const partial = [...all].filter(key => !sets.every(set => set.includes(key)))
    figure('authors killed', { messages: all.size, notWithAll: partial.length })
    expect(partial.filter(key => key.startsWith('reliable'))).to.deep.equal([])
  })
})
