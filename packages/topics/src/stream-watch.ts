import { CLOSE_BACKOFF, HEALED_AFTER, MAX_REPAIRS, WATCHDOG_GRACE } from './constants.ts'

/**
 * How a connected peer's gossip streams look:
 *
 * - `live`: nothing is wrong
 * - `silent`: there is no stream from here to the peer
 * - `deaf`: there is one, but gossipsub does not know the peer, or not what it subscribed to: nothing will be sent to it
 */
export type StreamState = 'live' | 'silent' | 'deaf'

/**
 * What is done about it:
 *
 * - `open`: gossipsub is told again that the peer is connected, so that it opens a stream
 * - `renew`: the peer's gossip streams are reset, in both directions; the next look opens new ones
 * - `close`: the connections are closed, and whoever keeps them up dials again
 */
export type Repair = 'open' | 'renew' | 'close'

interface Patient {
  due: number
  repairs: number
  last?: Repair
  wellSince?: number
}

/**
 * Decides when which peer is repaired: after a time of grace, then again and again with a wait that doubles, and as the
 * last resort by closing its connections, at most once in five minutes.
 */
export class StreamWatch {
  private readonly patients = new Map<string, Patient>()
  private readonly closed = new Map<string, number>()
  private readonly grace: number

  /**
   * @param grace - milliseconds
   */
  constructor (grace: number = WATCHDOG_GRACE) {
    this.grace = grace
  }

  /**
   * Looks at one peer.
   *
   * @param now - milliseconds of any clock that does not go back
   * @returns what to do now, if anything
   */
  observe (peer: string, state: StreamState, now: number): Repair | undefined {
    if (state === 'live') {
      this.convalesce(peer, now)

      return
    }

    const patient: Patient = this.patients.get(peer) ?? { due: now + this.grace, repairs: 0 }

    patient.wellSince = undefined
    this.patients.set(peer, patient)

    // the second half of a renewal
    const reopen = patient.last === 'renew' && state === 'silent'

    if (now < patient.due && !reopen) {
      return
    }

    return this.decide(peer, patient, state, now)
  }

  /**
   * Repairs a peer at the next look, without grace: it is known that its stream is gone.
   */
  hasten (peer: string, now: number): void {
    this.patients.set(peer, { due: now, repairs: 0 })
  }

  /**
   * Forgets a peer: it does not speak gossipsub.
   */
  forget (peer: string): void {
    this.patients.delete(peer)
  }

  /**
   * Forgets all peers but these, and closings that are long past.
   */
  retain (peers: { has(peer: string): boolean }, now: number): void {
    for (const peer of this.patients.keys()) {
      if (!peers.has(peer)) {
        this.patients.delete(peer)
      }
    }

    for (const [peer, at] of this.closed) {
      if (now - at >= CLOSE_BACKOFF) {
        this.closed.delete(peer)
      }
    }
  }

  private convalesce (peer: string, now: number): void {
    const patient = this.patients.get(peer)

    if (patient == null) {
      return
    }

    patient.wellSince ??= now
    patient.last = undefined

    if (patient.repairs === 0 || now - patient.wellSince >= this.grace * HEALED_AFTER) {
      this.patients.delete(peer)
    }
  }

  private decide (peer: string, patient: Patient, state: StreamState, now: number): Repair {
    patient.due = now + this.grace * 2 ** Math.min(patient.repairs, MAX_REPAIRS)

    if (patient.repairs >= MAX_REPAIRS && now - (this.closed.get(peer) ?? -Infinity) >= CLOSE_BACKOFF) {
      this.closed.set(peer, now)
      this.patients.delete(peer)

      return 'close'
    }

    const repair = state === 'deaf' ? 'renew' : 'open'

    // the opening that belongs to a renewal is no repair of its own
    patient.repairs += patient.last === 'renew' ? 0 : 1
    patient.last = repair

    return repair
  }
}
