/**
 * How many may be connected.
 */
export interface RoomInit {
  /**
   * Nodes in all.
   */
  maxMembers: number

  /**
   * Nodes that are not configured.
   */
  maxUnconfigured: number
}

/**
 * One that is connected.
 */
export interface Occupant {
  configured: boolean

  /**
   * Since when it is connected, unix milliseconds.
   */
  since: number
}

/**
 * Whether a node that is not configured finds a place. A configured one always does.
 */
export function hasRoom ({ maxMembers, maxUnconfigured }: RoomInit, occupants: readonly Occupant[]): boolean {
  return occupants.length < maxMembers && occupants.filter(({ configured }) => !configured).length < maxUnconfigured
}

/**
 * Those who have to go when there are too many: of the ones that are not configured the latest, however many configured ones there
 * are.
 */
export function surplus<T extends Occupant> ({ maxMembers, maxUnconfigured }: RoomInit, occupants: readonly T[]): T[] {
  const unconfigured = occupants.filter(({ configured }) => !configured).sort((a, b) => b.since - a.since)

  return unconfigured.slice(0, Math.max(0, occupants.length - maxMembers, unconfigured.length - maxUnconfigured))
}
