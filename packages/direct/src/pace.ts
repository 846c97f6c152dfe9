import { ACK_LENGTH, LANE_ACTIVE_TIME, MAX_FRAME_LENGTH, MAX_UNREAD } from './constants.ts'
import { InvalidFrameError } from './errors.ts'
import { LENGTH_FIELD } from './frame.ts'
import { LANES } from './lane.ts'
import type { Bandwidth } from './bandwidth.ts'
import type { Lane } from './lane.ts'

const MAX_FRAME = LENGTH_FIELD + MAX_FRAME_LENGTH

/**
 * Told when a more urgent lane comes into use.
 */
export interface Yielding {
  yield(): void
}

/**
 * When something last travelled on each lane of a connection, in either direction.
 */
export class LaneActivity {
  readonly #latest = LANES.map(() => -Infinity)
  readonly #watchers = LANES.map(() => new Set<Yielding>())

  /**
   * Something travels on a lane.
   *
   * @param rank - of the lane: its place in {@link LANES}
   * @param now - in milliseconds
   */
  touch (rank: number, now: number): void {
    const before = this.#latest[rank]
    this.#latest[rank] = now

    if (now - before >= LANE_ACTIVE_TIME) {
      for (const watcher of this.#watchers.slice(rank + 1).flatMap(watchers => [...watchers])) {
        watcher.yield()
      }
    }
  }

  /**
   * When the more urgent lanes will be out of use, in milliseconds, if nothing more travels on them.
   */
  yieldsUntil (rank: number): number {
    let latest = -Infinity

    // with each frame: no array is made for it
    for (let other = 0; other < rank; other++) {
      latest = Math.max(latest, this.#latest[other])
    }

    return latest + LANE_ACTIVE_TIME
  }

  watch (rank: number, watcher: Yielding): void {
    this.#watchers[rank].add(watcher)
  }

  unwatch (rank: number, watcher: Yielding): void {
    this.#watchers[rank].delete(watcher)
  }
}

/**
 * How far one stream may be ahead of its reader. What lies in the muxer, the socket and the network cannot be overtaken any more, so it is little as long
 * as a more urgent lane is in use; else the windows of the muxer are the limit, and no acknowledgements are sent, as they would cost a tenth of the rate.
 */
export class Pace implements Yielding {
  readonly #rank: number
  readonly #activity: LaneActivity
  readonly #limits: readonly Bandwidth[]
  readonly #acknowledge: (bytes: number) => void

  // bytes that were sent and not acknowledged, and that were read and not acknowledged
  #unread = 0
  #unacknowledged = 0

  /**
   * @param limits - how fast bytes may go out; the most urgent lane counts, and does not wait
   * @param acknowledge - tells the other side how much more was read
   */
  constructor (lane: Lane, activity: LaneActivity, limits: readonly Bandwidth[], acknowledge: (bytes: number) => void) {
    this.#rank = LANES.indexOf(lane)
    this.#activity = activity
    this.#limits = limits
    this.#acknowledge = acknowledge
    activity.watch(this.#rank, this)
  }

  stop (): void {
    this.#activity.unwatch(this.#rank, this)
  }

  /**
   * When something may be sent again, in milliseconds, if nothing happens before.
   *
   * @param now - in milliseconds
   */
  heldUntil (now: number): number {
    return Math.max(this.#laneAllowance(now) === 0 ? this.#yieldsUntil : now, ...this.#limits.map(({ readyAt }) => readyAt))
  }

  /**
   * Bytes after which no further frame may be begun now; 0 if only what ends exchanges may be sent.
   *
   * @param now - in milliseconds
   */
  allowance (now: number): number {
    let allowance = this.#laneAllowance(now)

    if (this.#rank > 0) {
      for (const limit of this.#limits) {
        allowance = Math.min(allowance, limit.allowance(now))
      }
    }

    return allowance
  }

  /**
   * Frames go out.
   */
  sent (bytes: number, now: number): void {
    this.#unread += bytes
    this.#activity.touch(this.#rank, now)

    for (const limit of this.#limits) {
      limit.take(bytes, now)
    }
  }

  /**
   * A frame has come in.
   */
  received (now: number): void {
    this.#activity.touch(this.#rank, now)
  }

  /**
   * Frames were read, and there is room for more. The other side may have begun to yield before this one did, and must not wait for ever: this one goes on
   * to acknowledge for twice the time.
   */
  read (bytes: number, now: number): void {
    this.#unacknowledged += bytes

    if (this.#unacknowledged >= ACK_LENGTH && now < this.#yieldsUntil + LANE_ACTIVE_TIME) {
      this.yield()
    }
  }

  /**
   * Acknowledges everything that was read.
   */
  yield (): void {
    while (this.#unacknowledged > 0) {
      // as much as the frame's number holds
      const bytes = Math.min(this.#unacknowledged, 0xffffffff)
      this.#unacknowledged -= bytes
      this.#acknowledge(bytes)
    }
  }

  /**
   * The other side has read some of what was sent.
   *
   * @throws InvalidFrameError if it says that it has read more than that
   */
  acknowledged (bytes: number): void {
    if (bytes > this.#unread) {
      throw new InvalidFrameError('ack', `${bytes} bytes are acknowledged where ${this.#unread} were sent`)
    }

    this.#unread -= bytes
  }

  get #yieldsUntil (): number {
    return this.#activity.yieldsUntil(this.#rank)
  }

  #laneAllowance (now: number): number {
    return now < this.#yieldsUntil ? Math.max(0, MAX_UNREAD - MAX_FRAME - this.#unread) : Infinity
  }
}
