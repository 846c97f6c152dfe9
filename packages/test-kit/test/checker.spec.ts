import { checkLogs, checkTopics } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { LogEntry, NodeLog } from '@fisco-libp2p/test-kit'

const MIB = 1024 * 1024

/**
 * The logs of two nodes for a minute in which nothing goes wrong: node a asks b once.
 */
function goodLogs (): { a: LogEntry[], b: LogEntry[] } {
  const gauge = (time: number, other: string): LogEntry => ({ event: 'gauge', time, heapUsed: 30 * MIB, timers: 10, sockets: 1, members: [other], connections: 1, doubled: 0 })
  const gauges = (other: string): LogEntry[] => Array.from({ length: 60 }, (_, i) => gauge(1_000 * (i + 1), other))

  return {
    a: [
      { event: 'harness:start', time: 0 }, { event: 'peer:up', time: 1, nodeId: 'b' },
      { event: 'request:sent', time: 10, id: '1', to: 'b' }, { event: 'request:ended', time: 12, id: '1', outcome: 'answered' },
      { event: 'request:sent', time: 20, id: '2', to: 'b' }, { event: 'peer:down', time: 21, nodeId: 'b' },
      { event: 'request:ended', time: 22, id: '2', outcome: 'failed' }, { event: 'peer:up', time: 30, nodeId: 'b' },
      ...gauges('b')
    ],
    b: [{ event: 'harness:start', time: 0 }, { event: 'peer:up', time: 1, nodeId: 'a' }, { event: 'request:handled', time: 11, id: '1' }, ...gauges('a')]
  }
}

/**
 * The properties that logs violate.
 */
function violated (change: (logs: { a: LogEntry[], b: LogEntry[] }) => void): string[] {
  const entries = goodLogs()
  change(entries)
  const logs: NodeLog[] = [{ name: 'node0', nodeId: 'a', entries: entries.a }, { name: 'node1', nodeId: 'b', entries: entries.b }]

  return checkLogs({ logs, faultsEnd: 30_000, within: 10_000 }).filter(({ ok }) => !ok).map(({ name }) => name)
}

describe('checker of logs', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(violated(() => {})).to.deep.equal([])
  })

  const wrongs: Record<string, [string, (logs: { a: LogEntry[], b: LogEntry[] }) => void]> = {
    'a pair that is not connected': ['every pair is connected 10 s after the last fault, and stays so', ({ a }) => { a[50].members = [] }],
    'a node that logs nothing any more': ['every pair is connected 10 s after the last fault, and stays so', ({ a }) => { a.splice(40) }],
    'two connections of a pair': ['one connection for each pair at the end', ({ b }) => { b[b.length - 1].doubled = 1 }],
    'a peer that is up twice': ['peer:up and peer:down by turns', ({ a }) => { a.splice(2, 0, { event: 'peer:up', time: 2, nodeId: 'b' }) }],
    'a peer that is down and was not up': ['peer:up and peer:down by turns', ({ b }) => { b.splice(1, 1, { event: 'peer:down', time: 2, nodeId: 'a' }) }],
    'a request that ends twice': ['every request ends exactly once', ({ a }) => { a.splice(4, 0, { event: 'request:ended', time: 13, id: '1', outcome: 'failed' }) }],
    'a request that never ends': ['every request ends exactly once', ({ a }) => { a.splice(4, 0, { event: 'request:sent', time: 13, id: '3', to: 'c' }) }],
    'a request that outlives its link': ['every request in flight at a peer:down ends with it', ({ a }) => { a[6].time = 5_000 }],
    'an answer that nobody gave': ['every request that was answered was handled exactly once', ({ b }) => { b.splice(2, 1) }],
    'a request that is handled twice': ['every request that was answered was handled exactly once', ({ b }) => { b.splice(2, 0, { event: 'request:handled', time: 11, id: '1' }) }],
    'a heap that grows': ['the heap is flat', ({ a }) => { a.slice(-20).forEach(entry => { entry.heapUsed = 60 * MIB }) }],
    'timers that pile up': ['timers are flat', ({ a }) => { a.slice(-20).forEach(entry => { entry.timers = 100 }) }],
    'sockets that are left': ['one socket for each member at the end', ({ a }) => { a[a.length - 1].sockets = 3 }]
  }

  for (const [what, [property, change]] of Object.entries(wrongs)) {
    it(`finds ${what}`, () => {
      expect(violated(change)).to.include(property)
    })
  }

  it('does not take silence for success', () => {
    const results = checkLogs({ logs: [], faultsEnd: 0, within: 0 })

    expect(results.every(({ ok, violations }) => !ok && violations[0] === 'nothing was observed')).to.be.true
  })

  it('lets a process that was killed keep what it had not heard of yet', () => {
    expect(violated(({ a }) => { a.splice(2, 0, { event: 'request:sent', time: 9, id: '9', to: 'b' }, { event: 'harness:exit', time: 9 }, { event: 'harness:start', time: 10 }, { event: 'peer:up', time: 10, nodeId: 'b' }) })).to.deep.equal([])
  })
})

describe('checker of topics', () => {
  const sent = (way: string, sequence: number): LogEntry => ({ event: 'topic:sent', time: 0, topic: way, id: 'a 1', sequence })
  const got = (way: string, sequence: number): LogEntry => ({ event: 'topic:got', time: 0, topic: way, id: 'a 1', sequence })
  const ways = ['reliable', 'confirmed', 'broadcast']
  const log = (nodeId: string, entries: LogEntry[]): NodeLog => ({ name: nodeId, nodeId, entries })

  function violated (change: (logs: { a: LogEntry[], b: LogEntry[] }) => void): string[] {
    const entries = { a: ways.flatMap(way => [sent(way, 1), sent(way, 2)]), b: ways.flatMap(way => [got(way, 1), got(way, 2)]) }
    change(entries)
    const logs = [log('a', entries.a), log('b', entries.b)]

    return checkTopics(logs, logs).filter(({ ok }) => !ok).map(({ name }) => name)
  }

  it('finds nothing where nothing is wrong', () => {
    expect(violated(() => {})).to.deep.equal([])
  })

  it('finds what is lost, doubled, out of order, or could not be sent', () => {
    expect(violated(({ b }) => { b.splice(0, 1) })).to.deep.equal(['no reliable or confirmed message is lost'])
    // a broadcast may be
    expect(violated(({ b }) => { b.pop() })).to.deep.equal([])
    expect(violated(({ b }) => { b.push(got('confirmed', 1)) })).to.deep.equal(['every message is delivered at most once'])
    expect(violated(({ b }) => { b.unshift(...b.splice(1, 1)) })).to.deep.equal(['reliable messages come in the order of their authors'])
    expect(violated(({ a }) => { a.push({ event: 'topic:failed', time: 0, topic: 'confirmed' }) })).to.deep.equal(['every message could be sent'])
    expect(violated(({ a, b }) => {
      a.length = 0
      b.length = 0
    })).to.deep.equal(['no reliable or confirmed message is lost'])
  })
})
