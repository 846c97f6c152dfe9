import { median, quantile } from './stats.ts'
import type { ContenderLink } from './contender.ts'
import type { Lane } from '@fisco-libp2p/direct'

const MIB = 2 ** 20

/**
 * Streams of bytes that are pulled at once.
 */
const PULLERS = 4

/**
 * What the asking process can be told to do. Times are measured there, next to the socket.
 */
export interface Tasks {
  latency: { params: { count: number, size: number }, result: { p50us: number, p99us: number } }
  throughput: { params: { milliseconds: number, inFlight: number, size: number }, result: { perSecond: number, p99ms: number } }
  mixed: { params: { milliseconds: number, urgent?: Lane, bulk?: Lane }, result: { p50us: number, p99us: number, mibPerSecond: number } }
  bulk: { params: { bytes: number, size: number }, result: { mibPerSecond: number } }
}

export type TaskName = keyof Tasks

type Run<Name extends TaskName> = (link: ContenderLink, params: Tasks[Name]['params']) => Promise<Tasks[Name]['result']>

export const TASKS: { [Name in TaskName]: Run<Name> } = {
  /**
   * One request at a time.
   */
  async latency (link, { count, size }) {
    const body = new Uint8Array(size).fill(7)
    const times: number[] = []

    for (let i = 0; i < count; i++) {
      const start = performance.now()
      await link.request(body)
      times.push((performance.now() - start) * 1_000)
    }

    return { p50us: median(times), p99us: quantile(times, 0.99) }
  },

  /**
   * So many requests at any time.
   */
  async throughput (link, { milliseconds, inFlight, size }) {
    const body = new Uint8Array(size).fill(7)
    const times: number[] = []
    const start = performance.now()
    const end = start + milliseconds

    const asker = async (): Promise<void> => {
      for (let begun = performance.now(); begun < end;) {
        await link.request(body)
        const now = performance.now()
        times.push(now - begun)
        begun = now
      }
    }

    await Promise.all(Array.from({ length: inFlight }, asker))

    return { perSecond: times.length / (performance.now() - start) * 1_000, p99ms: quantile(times, 0.99) }
  },

  /**
   * Requests of 256 bytes one at a time, and bytes that come as fast as they can: each on a lane, or not at all.
   */
  async mixed (link, { milliseconds, urgent, bulk }) {
    const body = new Uint8Array(256).fill(7)
    const times: number[] = []
    const start = performance.now()
    const end = start + milliseconds
    let pulled = 0

    const asker = async (lane: Lane): Promise<void> => {
      for (let begun = performance.now(); begun < end;) {
        await link.request(body, lane)
        const now = performance.now()
        times.push((now - begun) * 1_000)
        begun = now
      }
    }

    const puller = async (lane: Lane): Promise<void> => {
      for await (const piece of link.pull?.(lane) ?? []) {
        pulled += piece.byteLength

        if (performance.now() >= end) {
          break
        }
      }
    }

    await Promise.all([
      ...urgent == null ? [] : [asker(urgent)],
      ...bulk == null ? [] : Array.from({ length: PULLERS }, async () => puller(bulk))
    ])

    return { p50us: median(times), p99us: quantile(times, 0.99), mibPerSecond: pulled / MIB / (performance.now() - start) * 1_000 }
  },

  /**
   * Bodies of one size until all bytes are at the other side.
   */
  async bulk (link, { bytes, size }) {
    const start = performance.now()
    await link.push(new Uint8Array(size).fill(7), Math.ceil(bytes / size))

    return { mibPerSecond: bytes / MIB / (performance.now() - start) * 1_000 }
  }
}
