import { BoundedMap } from '@fisco-libp2p/identity'
import { MAX_OFFENCES, MAX_OFFENDERS, OFFENCE_WINDOW, OFFENDER_BAN } from './constants.ts'

interface Offender {
  count: number
  since: number
  bannedUntil: number
}

/**
 * Neighbours that pass on what they must have seen to be wrong. Each such message costs a verification: who sends many is not listened to for a while.
 */
export class Offenders {
  private readonly offenders = new BoundedMap<string, Offender>(MAX_OFFENDERS)

  /**
   * A neighbour has sent a message that is malformed or badly signed.
   *
   * @param now - milliseconds of a clock that does not go back
   * @returns whether that was one too many
   */
  add (peer: string, now: number): boolean {
    const known = this.offenders.get(peer)
    const offender = known != null && now - known.since < OFFENCE_WINDOW ? known : { count: 0, since: now, bannedUntil: known?.bannedUntil ?? -Infinity }

    offender.count++
    this.offenders.set(peer, offender)

    if (offender.count < MAX_OFFENCES || now < offender.bannedUntil) {
      return false
    }

    offender.bannedUntil = now + OFFENDER_BAN

    return true
  }

  /**
   * Whether a neighbour is not listened to.
   */
  isBanned (peer: string, now: number): boolean {
    return now < (this.offenders.get(peer)?.bannedUntil ?? -Infinity)
  }
}
