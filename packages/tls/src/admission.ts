import { isIPv4 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { BURST_PER_MEMBER, COST_OF_FAILURE, HANDSHAKES_PER_SECOND, MAX_TRACKED_ADDRESSES, MIN_PENDING, MIN_PENDING_PER_ADDRESS, RESERVED_SHARE } from './constants.ts'

/**
 * Why a connection is not even looked at.
 */
export type AdmissionRule = 'address-busy' | 'listener-busy' | 'too-many-handshakes'

/**
 * What {@link Admission} is made for.
 */
export interface AdmissionInit {
  /**
   * Members of the network, at most.
   */
  members: number

  /**
   * Whether an IP address is one of a configured peer.
   */
  isReserved? (ip: string): boolean

  /**
   * Clock, milliseconds.
   *
   * @default performance.now
   */
  now? (): number
}

/**
 * A place among the handshakes that are under way.
 */
export interface Ticket {
  /**
   * Gives the place back; further calls do nothing.
   */
  done (outcome: 'accepted' | 'failed'): void
}

/**
 * Decides, before any CPU is spent on it, whether an accepted connection may begin a handshake. Three budgets: handshakes
 * under way per address and in total, with a share of the total kept for configured peers; and handshakes per address over
 * time (GCRA: one number for each address, the theoretical arrival time of its next handshake).
 */
export class Admission {
  readonly maxPending: number
  readonly maxPendingPerAddress: number

  private readonly burst: number
  private readonly isReserved: (ip: string) => boolean
  private readonly now: () => number
  private total = 0
  private readonly pending = new Map<string, number>()
  private readonly nextArrival = new LRUCache<string, number>({ max: MAX_TRACKED_ADDRESSES })

  constructor (init: AdmissionInit) {
    this.maxPending = Math.max(MIN_PENDING, 2 * init.members)
    this.maxPendingPerAddress = Math.max(MIN_PENDING_PER_ADDRESS, init.members)
    this.burst = Math.max(MIN_PENDING_PER_ADDRESS, BURST_PER_MEMBER * init.members)
    this.isReserved = init.isReserved ?? (() => false)
    this.now = init.now ?? (() => performance.now())
  }

  /**
   * Handshakes that are under way.
   */
  get underWay (): number {
    return this.total
  }

  enter (ip: string): Ticket | AdmissionRule {
    const key = addressKey(ip)
    const limit = this.isReserved(ip) ? this.maxPending : Math.floor(this.maxPending * (1 - RESERVED_SHARE))
    const pending = this.pending.get(key) ?? 0

    if (pending >= this.maxPendingPerAddress) {
      return 'address-busy'
    }

    if (this.total >= limit) {
      return 'listener-busy'
    }

    if (!this.spend(key)) {
      return 'too-many-handshakes'
    }

    this.pending.set(key, pending + 1)
    this.total++

    return this.ticket(key)
  }

  private ticket (key: string): Ticket {
    let open = true

    return {
      done: outcome => {
        if (!open) {
          return
        }

        open = false
        this.total--
        const left = (this.pending.get(key) ?? 1) - 1

        if (left === 0) {
          this.pending.delete(key)
        } else {
          this.pending.set(key, left)
        }

        if (outcome === 'failed') {
          this.charge(key, COST_OF_FAILURE - 1)
        }
      }
    }
  }

  private spend (key: string): boolean {
    const interval = 1000 / HANDSHAKES_PER_SECOND
    const now = this.now()

    if (Math.max(this.nextArrival.get(key) ?? 0, now) - now > (this.burst - 1) * interval) {
      return false
    }

    this.charge(key, 1)

    return true
  }

  private charge (key: string, handshakes: number): void {
    const interval = 1000 / HANDSHAKES_PER_SECOND
    const from = Math.max(this.nextArrival.get(key) ?? 0, this.now())

    // bounded, so that nobody is kept out for longer than it takes to earn a burst twice
    this.nextArrival.set(key, Math.min(from + handshakes * interval, this.now() + 2 * this.burst * interval))
  }
}

/**
 * What counts as one address: an IPv4 address, or the /64 of an IPv6 one (a host has all of it).
 */
export function addressKey (ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]

  if (mapped != null || isIPv4(ip)) {
    return mapped ?? ip
  }

  const [head, tail] = ip.split('%')[0].split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail == null ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)

  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
