import { checkLogs, createCableNetwork, membersOf, Property } from '@fisco-libp2p/test-kit'
import { BIN } from '../support/run.ts'
import { all, countRequests, pause, START, TAIL, WITHIN } from './soak.ts'
import type { CableNetwork, PropertyResult } from '@fisco-libp2p/test-kit'

/**
 * What came of {@link pullCables}. `skipped` says why the machine does not allow it.
 */
export type CablesReport = { skipped: string } | {
  properties: PropertyResult[]
  figures: { noticedAfterMs: number[], backAfterMs: number, requests: ReturnType<typeof countRequests> }
}

const NODES = 4

/**
 * Milliseconds: an interruption that TCP gets over, one that it does not, and what lies between faults.
 */
const SHORT = 4_000
const LONG = 30_000
const REST = 10_000

/**
 * Milliseconds within which a dead link must be found: `link_timeout_ms`, and what a busy machine adds.
 */
const NOTICED_WITHIN = 16_000

/**
 * Nodes with network stacks of their own, one of which has its cable pulled: for a moment, then for longer than a link may be silent.
 */
export async function pullCables (folder: string, progress: (line: string) => void): Promise<CablesReport> {
  let network: CableNetwork

  try {
    network = await createCableNetwork({ nodes: NODES, folder, bin: BIN })
  } catch (err) {
    return { skipped: `no network namespaces here: ${err.message.trim()}` }
  }

  try {
    return await pullAndPlug(network, progress)
  } finally {
    await network[Symbol.asyncDispose]()
  }
}

async function pullAndPlug (network: CableNetwork, progress: (line: string) => void): Promise<CablesReport> {
  const [{ node, line, nodeId }, ...others] = network.stations
  await network.start()
  await network.until('all are connected with all', () => network.isFullMesh(), START)
  await pause(REST)

  progress(`a cable is pulled for ${SHORT / 1000} s`)
  const downsBefore = all(network, 'peer:down').length
  await line.pull()
  await pause(SHORT)
  await line.plug()
  await pause(REST)
  const downs = all(network, 'peer:down').length - downsBefore

  progress(`a cable is pulled for ${LONG / 1000} s`)
  const pulled = Date.now()
  node.note('harness:fault', { kind: 'cable', lasts: LONG })
  await line.pull()
  await pause(LONG)
  const alone = membersOf(network.stations[0]).size === 0 && others.every(other => !membersOf(other).has(nodeId))
  const noticed = all(network, 'peer:down').filter(({ time }) => time > pulled)
  await line.plug()
  const plugged = Date.now()
  node.note('harness:fault-over', { kind: 'cable' })
  await network.until('all are connected with all', () => network.isFullMesh(), WITHIN)
  const backAfterMs = Date.now() - plugged
  await pause(plugged + WITHIN + TAIL - Date.now())

  const noticedAfterMs = noticed.map(({ time }) => time - pulled)
  const isLate = noticedAfterMs.some(after => after > NOTICED_WITHIN)
  const survived = new Property(`a cable that is pulled for ${SHORT / 1000} s costs no link`)
  const found = new Property('both ends of a cable that stays pulled notice it')
  survived.expect(downs === 0, () => `${downs} links went down`)
  found.expect(alone && !isLate, () => `${alone ? 'late' : 'not by all'}: after ${noticedAfterMs.join(', ')} ms`)

  return {
    properties: [
      survived.result,
      found.result,
      ...checkLogs({ logs: network.logs, faultsEnd: plugged, within: WITHIN })
    ],
    figures: { noticedAfterMs, backAfterMs, requests: countRequests(network) }
  }
}
