import { RetrySchedule } from '@fisco-libp2p/peers'
import { seededRandom } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'

const PEERS = 99
const MINUTES = 10

/**
 * How many dials one node of 100 begins in each second of an outage of the whole network.
 *
 * @param dialTakes - milliseconds until a dial fails
 */
function dialsPerSecond (seed: number, dialTakes: number): number[] {
  const random = seededRandom(seed)
  const seconds = Array<number>(MINUTES * 60).fill(0)

  for (let peer = 0; peer < PEERS; peer++) {
    const schedule = new RetrySchedule({ minDelay: 500, maxDelay: 30_000, refusedDelay: 600_000, stableAfter: 5_000, random, now: () => 0 })

    for (let at = random() * 980; at < seconds.length * 1_000; at += dialTakes + schedule.failed()) {
      seconds[Math.floor(at / 1_000)]++
    }
  }

  return seconds
}

describe('an outage of the whole network, 100 nodes', () => {
  for (const [what, dialTakes] of Object.entries({ 'at once': 0, 'after 3 s': 3_000 })) {
    it(`does not make a node dial more than 3 times a peer in any second, nor one peer in 10 a second later, when dials fail ${what}`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const seconds = dialsPerSecond(seed, dialTakes)
        const lastMinutes = seconds.slice(120)

        expect(Math.max(...seconds)).to.be.at.most(3 * PEERS)
        expect(lastMinutes.reduce((sum, dials) => sum + dials) / lastMinutes.length).to.be.at.most(PEERS / 10)
        // never more than a few at the same time, and never silence: each peer is asked at least every 33 s
        expect(Math.max(...lastMinutes)).to.be.at.most(PEERS / 4)
        expect(lastMinutes.reduce((sum, dials) => sum + dials)).to.be.at.least(PEERS * Math.floor(lastMinutes.length / 33))
      }
    })
  }
})
