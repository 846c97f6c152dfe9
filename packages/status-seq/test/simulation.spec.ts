import { createIdentities, diameterOf, seededRandom, StatusSimulation, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { bytes } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusSimulationInit } from '@fisco-libp2p/test-kit'

const NODES = 100
const DELAY = 20
const SHAPES = Object.keys(TOPOLOGIES) as Array<keyof typeof TOPOLOGIES>

describe('100 simulated nodes', () => {
  let identity: Identity

  before(async () => {
    [identity] = await createIdentities(1, { keyType: 'ed25519' })
  })

  function network (shape: keyof typeof TOPOLOGIES, init: Partial<StatusSimulationInit> = {}): StatusSimulation & { diameter: number } {
    const random = seededRandom(7)
    const links = TOPOLOGIES[shape](NODES, random)
    const simulation = new StatusSimulation({ identity, nodes: NODES, links, random, delay: DELAY, ...init })

    return Object.assign(simulation, { diameter: diameterOf(NODES, links) })
  }

  for (const shape of SHAPES) {
    describe(shape, () => {
      it('hear of a change as fast as the links carry it', () => {
        const simulation = network(shape)
        simulation.run(60_000)
        const { pushes } = simulation.traffic

        expect(simulation.spread(3, bytes('new'), 60_000)).to.be.at.most(simulation.diameter * DELAY)
        // each hears it at least once, and nobody twice from the same one
        expect(simulation.traffic.pushes - pushes).to.be.within(NODES - 1, shape === 'mesh' ? NODES - 1 : 6 * NODES)
      })

      it('come to know the same when they meet for the first time', () => {
        const simulation = network(shape, { settled: false })

        expect(simulation.converge(60_000)).to.be.a('number')
        expect(simulation.nodes.map(({ engine }) => engine.table.size)).to.deep.equal(simulation.nodes.map(() => NODES))
      })

      it('repair what gets lost', () => {
        for (const lostPushes of [0.05, 0.3]) {
          const simulation = network(shape, { lostPushes })
          simulation.run(60_000)

          expect(simulation.spread(3, bytes('new'), 120_000), `${lostPushes}`).to.be.a('number')
          expect(simulation.converge(60_000)).to.equal(0)
        }
      })

      it('are silent when nothing happens, but for digests', () => {
        const simulation = network(shape)
        simulation.run(90_000)
        const before = { ...simulation.traffic }
        simulation.run(300_000)

        expect(simulation.traffic.records - before.records).to.equal(0)
        expect((simulation.traffic.bytes - before.bytes) / NODES / 300).to.be.below(200)
      })
    })
  }

  it('are a function of their seed', () => {
    const traffic = [0, 1].map(() => {
      const simulation = network('random', { settled: false, lostPushes: 0.1 })
      simulation.run(20_000)

      return simulation.traffic
    })

    expect(traffic[0].records).to.be.above(0)
    expect(traffic[0]).to.deep.equal(traffic[1])
  })

  it('that were apart learn what changed meanwhile within a second', () => {
    const simulation = network('degree6')
    const isInOne = (node: number): boolean => node < NODES / 2
    simulation.run(60_000)
    simulation.partition(isInOne)
    simulation.run(60_000)
    simulation.nodes[1].set('value', bytes('left'))
    simulation.nodes[99].set('value', bytes('right'))
    simulation.run(60_000)

    expect(simulation.isSettled()).to.equal(false)

    simulation.partition(isInOne, true)

    expect(simulation.converge(30_000)).to.be.below(1_000)
    expect(simulation.nodes.flatMap(({ gone }) => gone)).to.deep.equal([])
  })

  it('take a node that restarted at once, although it has lost its numbers', () => {
    const simulation = network('random')
    simulation.run(60_000)

    for (let i = 0; i < 50; i++) {
      simulation.nodes[5].set('value', Uint8Array.of(i))
      simulation.run(200)
    }

    const { seq } = simulation.nodes[5].engine.record
    simulation.stop(5)
    simulation.run(5_000)
    simulation.restart(5)

    expect(simulation.spread(5, bytes('reborn'), 10_000)).to.be.at.most(simulation.diameter * DELAY + 100)
    expect(simulation.nodes[5].engine.record.seq).to.be.below(seq)
    expect(simulation.converge(10_000)).to.be.a('number')
  })

  it('drop a node that left, all of them, and nobody else', () => {
    const simulation = network('degree6', { maxAge: 60_000 })
    const { nodeId } = simulation.nodes[5]
    simulation.run(120_000)
    simulation.stop(5)
    simulation.run(50_000)

    expect(simulation.nodes.flatMap(({ gone }) => gone)).to.deep.equal([])

    simulation.run(60_000)

    expect(simulation.nodes.map(({ gone }) => gone)).to.deep.equal(simulation.nodes.map((_, i) => i === 5 ? [] : [nodeId]))
    expect(simulation.converge(0)).to.equal(0)

    // and it is welcome when it comes back
    simulation.restart(5)
    simulation.run(30_000)

    expect(simulation.nodes.every(({ engine }) => engine.table.get(nodeId) != null)).to.equal(true)
  })

  it('are not kept busy by one that changes without end', () => {
    const simulation = network('mesh')
    simulation.run(60_000)
    const { pushes } = simulation.traffic

    for (let i = 0; i < 2_000; i++) {
      simulation.nodes[0].set('value', Uint8Array.of(i, i >> 8))
      simulation.run(1)
    }

    simulation.run(1_000)

    // ten a second to each of 99
    expect(simulation.traffic.pushes - pushes).to.be.within(20 * 99, 23 * 99)
    expect(simulation.isSettled()).to.equal(true)
  })
})
