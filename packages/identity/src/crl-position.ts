/**
 * Where a CRL stands among those of its issuer.
 */
export interface CrlPosition {
  /**
   * CRL number, where it has one.
   */
  number?: bigint

  /**
   * Unix milliseconds.
   */
  thisUpdate: number
}

/**
 * Whether a CRL comes after all that were ever held of its issuer: by its number, or by its time where it has none, or none of those had one.
 *
 * @param latest - see {@link latestOf}; undefined if none was held
 */
export function supersedes (position: CrlPosition, latest?: CrlPosition): boolean {
  if (latest == null) {
    return true
  }

  return position.number != null && latest.number != null ? position.number > latest.number : position.thisUpdate > latest.thisUpdate
}

/**
 * The highest number and the latest time of two: they need not be of the same CRL.
 */
export function latestOf (a: CrlPosition, b?: CrlPosition): CrlPosition {
  const [mine, theirs] = [a.number ?? b?.number, b?.number ?? a.number]

  return { number: mine != null && theirs != null && mine < theirs ? theirs : mine, thisUpdate: Math.max(a.thisUpdate, b?.thisUpdate ?? 0) }
}
