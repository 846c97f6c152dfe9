/**
 * What the demo saw. The last line of `fisco-p2p demo --once --json`.
 */
export interface DemoReport {
  nodes: number
  unicast: { ok: boolean, ms: number }
  multicast: { followers: number, delivered: number, others: number }
  broadcast: { delivered: number, duplicates: number }
  status: { converged: boolean, ms: number }
  restart: { reconnected: boolean, ms: number, statusAccepted: boolean }
  refused: { foreignCa: boolean }
}

/**
 * Before anything was seen.
 */
export function emptyReport (): DemoReport {
  return {
    nodes: 0,
    unicast: { ok: false, ms: 0 },
    multicast: { followers: 0, delivered: 0, others: 0 },
    broadcast: { delivered: 0, duplicates: 0 },
    status: { converged: false, ms: 0 },
    restart: { reconnected: false, ms: 0, statusAccepted: false },
    refused: { foreignCa: false }
  }
}

/**
 * Whether everything worked.
 */
export function isComplete (report: DemoReport, nodes: number): boolean {
  return report.nodes === nodes &&
    report.unicast.ok &&
    report.multicast.followers > 0 && report.multicast.delivered === report.multicast.followers && report.multicast.others === 0 &&
    report.broadcast.delivered === nodes - 1 && report.broadcast.duplicates === 0 &&
    report.status.converged &&
    report.restart.reconnected && report.restart.statusAccepted &&
    report.refused.foreignCa
}
