import { lstat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { InvalidParametersError } from '@libp2p/interface'
import { Api } from './api.ts'
import { MAX_CONNECTIONS, MAX_LISTEN_BYTES, MAX_SOCKET_PATH, REQUEST_TIMEOUT, WATCH_INTERVAL } from './constants.ts'
import { listenOnSocket } from './socket-file.ts'
import type { Admin, AdminComponents, AdminInit } from './index.ts'
import type { Logger, Startable } from '@libp2p/interface'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * HTTP in front of the {@link Api}.
 */
export class AdminService implements Admin, Startable {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/admin'
  readonly socket: string

  readonly #init: AdminInit
  readonly #components: AdminComponents
  readonly #log: Logger

  /**
   * The one that listens, and those whose socket was removed, until the last of their connections is closed.
   */
  readonly #servers = new Set<Server>()
  #server?: Server
  #watch?: ReturnType<typeof setInterval>

  constructor (components: AdminComponents, init: AdminInit) {
    const length = Buffer.byteLength(init.socket)

    if (length === 0 || length > MAX_SOCKET_PATH) {
      throw new InvalidParametersError(`the path of the admin socket must have 1 to ${MAX_SOCKET_PATH} bytes, and "${init.socket}" has ${length}: set [admin] socket to a shorter one`)
    }

    this.socket = init.socket
    this.#init = init
    this.#components = components
    this.#log = components.logger.forComponent('fisco-libp2p:admin')
  }

  async start (): Promise<void> {
    if (this.#server != null) {
      return
    }

    await this.#listen()
    this.#watch = setInterval(() => {
      this.#look().catch(err => { this.#log.error('the admin socket is gone, and cannot be made again - %e', err) })
    }, WATCH_INTERVAL).unref()
  }

  /**
   * Ends all connections, and removes the socket's file.
   */
  async stop (): Promise<void> {
    clearInterval(this.#watch)
    this.#watch = undefined
    this.#server = undefined

    await Promise.all([...this.#servers].map(async server => {
      const closed = new Promise(resolve => { server.close(resolve) })
      server.closeAllConnections()
      await closed
    }))
  }

  async #listen (): Promise<void> {
    const api = new Api(this.#components, this.#init)
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: REQUEST_TIMEOUT }, (request, response) => {
      answer(api, request, response).catch(err => { this.#log.error('a request was not answered - %e', err) })
    })
    server.maxConnections = MAX_CONNECTIONS
    server.once('close', () => { this.#servers.delete(server) })
    this.#server = server
    this.#servers.add(server)

    try {
      await listenOnSocket(server, this.socket)
    } catch (err) {
      this.#server = undefined
      this.#servers.delete(server)
      throw err
    }

    server.on('error', err => { this.#log.error('%e', err) })
    this.#log('listening on %s', this.socket)
  }

  /**
   * Somebody who tidies up may have removed the socket: nobody could ask the node any more. What lies there instead is left alone.
   */
  async #look (): Promise<void> {
    const error = await lstat(this.socket).then(() => undefined, (err: NodeJS.ErrnoException) => err)

    if (error?.code !== 'ENOENT' || this.#watch == null) {
      return
    }

    this.#log.error('the admin socket %s was removed: it is made again', this.socket)
    // before there is a new file: a server that closes removes the one at its path. Its connections go on
    this.#server?.close()
    await this.#listen()

    // stopped meanwhile
    if (this.#watch == null) {
      await this.stop()
    }
  }
}

async function answer (api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path, query] = (request.url ?? '').split('?')
  let status = 200
  let value: object

  try {
    if (request.method === 'GET' && path === '/v1/topics/listen') {
      listen(api, new URLSearchParams(query), response)

      return
    }

    value = await api.answer(request.method ?? '', path, request)
  } catch (err) {
    status = statusOf(err)
    value = { error: { name: err.name, message: err.message, confirmed: err.confirmed, missing: err.missing } }
  }

  // one request a connection: a client that stays would take the place of another
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(`${JSON.stringify(value)}\n`)
}

/**
 * Writes a line for each message, until the other side ends it. Who does not read is not waited for.
 */
function listen (api: Api, query: URLSearchParams, response: ServerResponse): void {
  const write = (entry: object): void => {
    if (response.writableLength > MAX_LISTEN_BYTES) {
      listening.stop()
      response.end(`${JSON.stringify({ event: 'lagging', time: Date.now() })}\n`)
    } else if (!response.writableEnded) {
      response.headersSent || response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' })
      response.write(`${JSON.stringify(entry)}\n`)
    }
  }

  const listening = api.listen(query, write)

  response.once('close', () => { listening.stop() })
}

const STATUS: Record<string, number> = {
  InvalidParametersError: 400,
  InvalidTopicError: 400,
  TopicForbiddenError: 403,
  TooManyAddressesError: 409,
  TooManyTopicsError: 409,
  MessageTooLargeError: 413,
  PublishQueueFullError: 503,
  NotConfirmedError: 504
}

function statusOf (err: Error & { status?: number }): number {
  return err.status ?? STATUS[err.name] ?? 500
}
