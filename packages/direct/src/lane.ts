import { DIRECT_PROTOCOL } from './constants.ts'

/**
 * The lanes of a connection, the most urgent first. Each has streams of its own, so what fills one does not stand in the way of another, and each yields to
 * those before it.
 */
export const LANES = ['consensus', 'default', 'bulk'] as const

/**
 * On which of a connection's lanes an exchange travels: `consensus` for small messages that must not wait, `bulk` for what may take its time.
 */
export type Lane = typeof LANES[number]

/**
 * Protocol ids of the streams of each lane (docs/PROTOCOLS.md, "Lanes").
 */
export const LANE_PROTOCOLS: Readonly<Record<Lane, string>> = {
  consensus: `${DIRECT_PROTOCOL}/consensus`,
  default: DIRECT_PROTOCOL,
  bulk: `${DIRECT_PROTOCOL}/bulk`
}

/**
 * Protocol ids of all streams of this package: those of {@link DIRECT_PROTOCOL} and of the other lanes.
 */
export const DIRECT_PROTOCOLS: readonly string[] = LANES.map(lane => LANE_PROTOCOLS[lane])

/**
 * The lane of a stream.
 */
export function laneOf (protocol: string): Lane | undefined {
  return LANES.find(lane => LANE_PROTOCOLS[lane] === protocol)
}
