import { seededRandom } from './random.ts'

/**
 * What can happen to a node, or to the line that others dial it by.
 */
export const FAULT_KINDS = ['kill', 'terminate', 'pause', 'move', 'refuse', 'silence', 'cut-fin', 'cut-reset', 'slow', 'lossy'] as const

/**
 * - `kill`: SIGKILL, and started again after `lasts`;
 * - `terminate`: SIGTERM, and started again after `lasts`;
 * - `pause`: SIGSTOP, and SIGCONT after `lasts`;
 * - `move`: SIGKILL, and started again after `lasts` on another port;
 * - `refuse`: the line to it accepts no connection for `lasts`, and those that there are are reset;
 * - `silence`: the line to it lets nothing through for `lasts`, without a FIN;
 * - `cut-fin`, `cut-reset`: the connections of its line are ended;
 * - `slow`: its line takes 100 ms each way for `lasts`;
 * - `lossy`: its line stalls one chunk in ten by 200 to 400 ms for `lasts`, and cuts one new connection in a hundred.
 */
export type FaultKind = typeof FAULT_KINDS[number]

/**
 * One fault. Times are milliseconds.
 */
export interface Fault {
  /**
   * Since the start.
   */
  at: number
  kind: FaultKind

  /**
   * Number of the node, from 0.
   */
  node: number
  lasts: number
}

/**
 * What {@link faultSchedule} is made from.
 */
export interface FaultScheduleInit {
  seed: number
  nodes: number

  /**
   * Milliseconds in which faults happen; all are over at its end.
   */
  duration: number
}

const MAX_LASTS: Record<FaultKind, number> = { kill: 3_000, terminate: 3_000, pause: 20_000, move: 3_000, refuse: 10_000, silence: 25_000, 'cut-fin': 0, 'cut-reset': 0, slow: 10_000, lossy: 10_000 }

/**
 * How long, in milliseconds, a node is left alone after a fault, at least; and the longest pause between two faults.
 */
const REST = 3_000
const MAX_GAP = 4_000

/**
 * Faults for a network, the same ones for the same seed: one begins every 2 s on average, never two at the same node, and at most half
 * of the nodes are affected at a time.
 */
export function faultSchedule ({ seed, nodes, duration }: FaultScheduleInit): Fault[] {
  const random = seededRandom(seed)
  const busyUntil = Array<number>(nodes).fill(0)
  const faults: Fault[] = []
  const pick = (count: number): number => Math.floor(random() * count)

  for (let at = pick(MAX_GAP); at < duration; at += pick(MAX_GAP)) {
    const kind = FAULT_KINDS[pick(FAULT_KINDS.length)]
    const lasts = pick(MAX_LASTS[kind] + 1)
    const node = pick(nodes)
    const affected = busyUntil.filter(until => until > at).length

    if (busyUntil[node] <= at && affected < nodes / 2 && at + lasts <= duration) {
      faults.push({ at, kind, node, lasts })
      busyUntil[node] = at + lasts + REST
    }
  }

  return faults
}
