import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { readConfig } from '@fisco-libp2p/node'
import { UsageError } from './output.ts'
import type { IncomingMessage } from 'node:http'

/**
 * How long, in milliseconds, a node may take for an answer: a peer that is removed is closed in good order first.
 */
const TIMEOUT = 10_000

/**
 * Longest answer that is read, bytes: some 10,000 peers.
 */
const MAX_ANSWER = 8 * 1024 * 1024

/**
 * Asks the running node that a config file is of.
 */
export class AdminClient {
  readonly #socket: string
  readonly #config: string

  constructor (socket: string, config: string) {
    this.#socket = socket
    this.#config = config
  }

  /**
   * @throws UsageError if the node has no admin socket; ConfigError
   */
  static async of (config: string): Promise<AdminClient> {
    const { adminSocket } = await readConfig(config)

    if (adminSocket == null) {
      throw new UsageError(`the node of ${config} has no admin socket: [admin] socket is none, or its path is too long`)
    }

    return new AdminClient(adminSocket, config)
  }

  /**
   * @param patience - milliseconds that the node may take longer than for most things
   * @returns what the node answers
   * @throws UsageError if it does not run, or refuses
   */
  async call<T> (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, patience = 0): Promise<T> {
    const { status, text } = await this.#exchange(method, path, TIMEOUT + patience, body).catch(err => { throw this.#explain(err) })
    const value = parse(text)

    if (status !== 200) {
      throw new UsageError(value?.error?.message ?? `the node answered with status ${status}`)
    }

    return value as T
  }

  /**
   * Reads the lines of an answer that goes on, until the signal aborts.
   *
   * @throws UsageError if the node does not run, refuses, or ends it
   */
  async listen<T> (path: string, signal: AbortSignal, onEntry: (entry: T) => void): Promise<void> {
    const response = await this.#open(path, signal).catch(err => { throw this.#explain(err) })

    if (response.statusCode !== 200) {
      const [line] = await Array.fromAsync(createInterface(response))
      throw new UsageError(parse(line ?? '')?.error?.message ?? `the node answered with status ${response.statusCode}`)
    }

    try {
      for await (const line of createInterface(response)) {
        onEntry(parse(line) as T)
      }
    } catch (err) {
      // what is no word of ours is a connection that broke off
      if (!signal.aborted && err instanceof UsageError) {
        throw err
      }
    }

    if (!signal.aborted) {
      throw new UsageError(`the node of ${this.#config} has stopped`)
    }
  }

  async #open (path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.#socket, method: 'GET', path, signal }, resolve)
      call.on('error', err => {
        // ends the loop that reads, where there is one
        reject(err)
      })
      call.end()
    })
  }

  async #exchange (method: string, path: string, timeout: number, body?: object): Promise<{ status?: number, text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status?: number, text: string }>()
    const signal = AbortSignal.timeout(timeout)
    const content = Buffer.from(body == null ? '' : JSON.stringify(body))
    // node:http gives a DELETE no length by itself
    const headers = { 'content-type': 'application/json', 'content-length': content.byteLength }
    const call = request({ socketPath: this.#socket, method, path, signal, headers }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk

        if (text.length > MAX_ANSWER) {
          call.destroy(new Error(`the answer is longer than ${MAX_ANSWER} bytes`))
        }
      })
      response.on('end', () => { resolve({ status: response.statusCode, text }) }).on('error', reject)
    })
    call.on('error', reject)
    call.end(content)

    return promise
  }

  #explain (err: NodeJS.ErrnoException): UsageError {
    switch (err.code) {
      case 'ENOENT':
        return new UsageError(`there is no socket ${this.#socket}: the node of ${this.#config} is not running (start it with fisco-p2p start --config ${this.#config}), or its socket was removed (a node that runs makes it again within some seconds)`)
      case 'ECONNREFUSED':
        return new UsageError(`the node of ${this.#config} is not running (nobody listens on ${this.#socket}); start it with fisco-p2p start --config ${this.#config}`)
      case 'EACCES':
        return new UsageError(`this user may not open ${this.#socket}: only the one that the node runs as may`)
      case 'ABORT_ERR':
        return new UsageError(`the node of ${this.#config} did not answer in time`)
      default:
        return new UsageError(`the node of ${this.#config} cannot be asked over ${this.#socket}: ${err.message}`)
    }
  }
}

function parse (text: string): { error?: { message?: string } } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('what answers on the admin socket is no node: its answer is no JSON')
  }
}
