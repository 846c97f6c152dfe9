import { connect, createServer } from 'node:net'
import { DelayLine } from './delay-line.ts'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * Chunks that a direction holds while they are delayed, beyond which nothing more is read: about 16 MiB.
 */
const MAX_DELAYED = 256

/**
 * What a bad line does: a retransmission holds up one chunk in ten, for 200 to 400 ms, and one connection in a hundred is cut, at one of its
 * first chunks.
 */
const STALLED = 0.1
const STALL = 200
const CUT = 0.01
const CHUNKS_UNTIL_CUT = 20

/**
 * One connection through the relay.
 */
interface Pair {
  near: Socket
  far: Socket
  chunksUntilCut: number
}

/**
 * A TCP relay on 127.0.0.1 in front of a node: a line that can be slow, fall silent, be cut, and be gone.
 */
export class Relay implements AsyncDisposable {
  /**
   * Milliseconds that each chunk takes, each way.
   */
  delay = 0

  /**
   * A generator of numbers from 0 up to 1 that makes the line a bad one: chunks are stalled, and some connections cut.
   */
  loss?: () => number

  /**
   * Port of 127.0.0.1 that new connections are led to.
   */
  target: number

  readonly #pairs = new Set<Pair>()
  readonly #abandoned = new Set<Socket>()
  #server?: Server
  #port = 0
  #silent = false

  /**
   * @param target - port of 127.0.0.1 that it leads to
   */
  constructor (target: number) {
    this.target = target
  }

  /**
   * Port of 127.0.0.1 that it listens on; the same one when it listens again.
   */
  get port (): number {
    return this.#port
  }

  /**
   * Connections that run through it.
   */
  get connections (): number {
    return this.#pairs.size
  }

  /**
   * Accepts connections, for the first time or again.
   *
   * @param port - 0 for a free one
   */
  async listen (port = this.#port): Promise<this> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, near => { this.#accept(near) })
    await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(port, '127.0.0.1', resolve) })
    this.#server = server
    this.#port = (server.address() as AddressInfo).port

    return this
  }

  /**
   * Refuses connections from now on; those that there are go on.
   */
  refuse (): void {
    this.#server?.close()
    this.#server = undefined
  }

  /**
   * Lets nothing through in either direction, not even the end of a connection, as when a cable is pulled; or lets all through
   * again, beginning with what waits in the operating system's buffers. What was ended meanwhile is then ended at the other side.
   */
  silence (silent: boolean): void {
    this.#silent = silent

    for (const { near, far } of this.#pairs) {
      for (const socket of [near, far]) {
        if (silent) {
          socket.pause()
        } else {
          socket.resume()
        }
      }
    }
  }

  /**
   * Ends all connections: with a FIN to both ends, or with a reset.
   */
  cut (how: 'fin' | 'reset'): void {
    for (const { near, far } of this.#pairs) {
      for (const socket of [near, far]) {
        if (how === 'fin') {
          socket.destroySoon()
        } else {
          socket.resetAndDestroy()
        }
      }
    }
  }

  /**
   * Resets the connections of those who dialled, while the node behind the relay hears nothing of it: its ends are half-open.
   */
  resetDiallers (): void {
    for (const pair of this.#pairs) {
      pair.far.pause()
      this.#pairs.delete(pair)
      this.#abandoned.add(pair.far)
      pair.near.resetAndDestroy()
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.#pairs.forEach(({ near, far }) => {
      near.destroy()
      far.destroy()
    })
    this.#abandoned.forEach(socket => { socket.destroy() })
    await new Promise<void>(resolve => {
      if (this.#server == null) {
        resolve()
      } else {
        this.#server.close(() => { resolve() })
      }
    })
  }

  #accept (near: Socket): void {
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const chunksUntilCut = this.loss != null && this.loss() < CUT ? 1 + Math.floor(this.loss() * CHUNKS_UNTIL_CUT) : Infinity
    const pair = { near, far, chunksUntilCut }
    this.#pairs.add(pair)
    this.#forward(near, far, pair)
    this.#forward(far, near, pair)

    if (this.#silent) {
      near.pause()
      far.pause()
    }
  }

  #forward (from: Socket, to: Socket, pair: Pair): void {
    const line = new DelayLine()
    const later = (action: () => void): void => {
      line.push(this.#delayOf(), () => {
        action()
        this.#flow(from, to, line.length)
      })
    }

    from.on('data', chunk => {
      later(() => { to.write(chunk) })
      this.#flow(from, to, line.length)

      if (--pair.chunksUntilCut <= 0) {
        from.resetAndDestroy()
        to.resetAndDestroy()
      }
    })
    to.on('drain', () => { this.#flow(from, to, line.length) })
    from.on('end', () => { later(() => { to.end() }) })
    from.on('error', () => {})
    from.on('close', hadError => {
      if (this.#pairs.delete(pair)) {
        // what was reset is reset at the other side
        later(() => { hadError ? to.resetAndDestroy() : to.destroySoon() })
      }
    })
  }

  #delayOf (): number {
    return this.delay + (this.loss != null && this.loss() < STALLED ? STALL * (1 + this.loss()) : 0)
  }

  /**
   * Reads on as fast as the other side takes it.
   */
  #flow (from: Socket, to: Socket, delayed: number): void {
    if (this.#silent || to.writableNeedDrain || delayed >= MAX_DELAYED) {
      from.pause()
    } else {
      from.resume()
    }
  }
}
