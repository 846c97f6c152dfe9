import { createIdentities, diameterOf, seededRandom, StatusSimulation, TOPOLOGIES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { bytes } from './support/records.ts'

describe('1,000 simulated nodes', () => {
  for (const shape of ['line', 'ring', 'star', 'degree6', 'random'] as const) {
    it(`${shape}: hear of a change as fast as the links carry it, and repair what gets lost`, async () => {
      const [identity] = await createIdentities(1, { keyType: 'ed25519' })
      const random = seededRandom(11)
      const links = TOPOLOGIES[shape](1_000, random)
      const diameter = diameterOf(1_000, links)

      for (const lostPushes of [0, 0.05]) {
        const simulation = new StatusSimulation({ identity, nodes: 1_000, links, random, lostPushes })
        simulation.run(40_000)
        const ms = simulation.spread(17, bytes('new'), 600_000)

        expect(ms).to.be.at.most(lostPushes === 0 ? diameter * 20 : 600_000)
        expect(simulation.converge(60_000)).to.be.a('number')
      }
    })
  }

  it('degree 6: all that are there when five percent leave and as many come', async () => {
    const [identity] = await createIdentities(1, { keyType: 'ed25519' })
    const random = seededRandom(12)
    const simulation = new StatusSimulation({ identity, nodes: 1_000, links: TOPOLOGIES.degree6(1_000, random), random, maxAge: 60_000 })
    const leavers = Array.from({ length: 50 }, () => Math.floor(random() * 1_000))
    simulation.run(40_000)

    for (const leaver of leavers) {
      simulation.stop(leaver)
      simulation.run(200)
      simulation.restart(leaver)
      simulation.run(200)
    }

    expect(simulation.converge(60_000)).to.be.a('number')
    expect(simulation.nodes.every(({ engine }) => engine.table.size === 1_000)).to.equal(true)
  })
})
