import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * A TCP relay that can fall silent without closing anything, as a cable that is pulled.
 */
export class SilentRelay implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<{ near: Socket, far: Socket }>()
  #silent = false

  constructor (port: number) {
    this.#server = createServer(near => {
      const far = connect(port, '127.0.0.1')
      const pair = { near, far }
      this.#pairs.add(pair)
      this.#forward(near, far)
      this.#forward(far, near)
    })
  }

  get port (): number {
    return (this.#server.address() as AddressInfo).port
  }

  async listen (): Promise<this> {
    await new Promise<void>(resolve => { this.#server.listen(0, '127.0.0.1', resolve) })

    return this
  }

  /**
   * Swallows all that comes, in both directions, ends included.
   */
  silence (silent: boolean): void {
    this.#silent = silent
  }

  /**
   * Resets the connections of the end that dialled; the other end hears nothing of it.
   */
  resetDiallers (): void {
    for (const { near, far } of this.#pairs) {
      far.removeAllListeners('data').on('data', () => {})
      near.removeAllListeners('close')
      near.resetAndDestroy()
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.#pairs.forEach(({ near, far }) => {
      near.destroy()
      far.destroy()
    })
    await new Promise(resolve => { this.#server.close(resolve) })
  }

  #forward (from: Socket, to: Socket): void {
    from.on('data', chunk => {
      if (!this.#silent) {
        to.write(chunk)
      }
    })
    from.on('error', () => {})
    from.on('close', () => {
      if (!this.#silent) {
        to.destroy()
      }
    })
  }
}
