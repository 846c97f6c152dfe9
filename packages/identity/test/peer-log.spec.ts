import { format } from 'node:util'
import { PeerLog } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import { MAX_LOG_LINES_PER_PEER, MAX_LOGGED_PEERS, PEER_LOG_WINDOW } from '../src/constants.ts'

describe('the log of what others cause', () => {
  let lines: string[]
  let now: number
  let log: PeerLog

  beforeEach(() => {
    lines = []
    now = 5_000
    log = new PeerLog({ error: (text: string, ...args: unknown[]) => { lines.push(format(text, ...args)) } }, () => now)
  })

  function flood (peer: string, times: number): void {
    for (let i = 0; i < times; i++) {
      log.error(peer, 'fault %d of %s', i, peer)
    }
  }

  it('has so many lines for each peer, and says later how many more there were', () => {
    flood('bad', 1_000)
    expect(lines).to.have.lengthOf(MAX_LOG_LINES_PER_PEER)
    expect(lines.at(-1)).to.equal(`fault ${MAX_LOG_LINES_PER_PEER - 1} of bad`)

    now += PEER_LOG_WINDOW - 1
    flood('bad', 1)
    expect(lines).to.have.lengthOf(MAX_LOG_LINES_PER_PEER)

    now += 1
    flood('bad', 2)
    expect(lines.slice(MAX_LOG_LINES_PER_PEER)).to.deep.equal([`fault 0 of bad (${1_001 - MAX_LOG_LINES_PER_PEER} more were not logged)`, 'fault 1 of bad'])
  })

  it('says of others what there is to say meanwhile', () => {
    flood('bad', 1_000)
    flood('good', 1)
    expect(lines.at(-1)).to.equal('fault 0 of good')
  })

  it('remembers a limited number of peers', () => {
    for (let i = 0; i < MAX_LOGGED_PEERS + 10; i++) {
      flood(`peer ${i}`, 1)
    }

    expect(log.size).to.equal(MAX_LOGGED_PEERS)
  })
})
