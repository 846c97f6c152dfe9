import { readMessageBody, readPeerBody } from './body.ts'
import { RequestError } from './errors.ts'
import { describeNode, describePeers, describeTraffic } from './json.ts'
import { describeStatus } from './status-json.ts'
import { describeTopics, Listening, sendMessage } from './topics.ts'
import { describeTrust } from './trust.ts'
import type { PeerBody } from './body.ts'
import type { AdminComponents, AdminInit, AdminTopics } from './index.ts'

const PATHS = ['/v1/info', '/v1/peers', '/v1/peers/retry', '/v1/reload', '/v1/status', '/v1/topics', '/v1/topics/broadcast', '/v1/topics/listen', '/v1/topics/publish', '/v1/traffic', '/v1/trust']

/**
 * Answers requests; knows nothing of sockets.
 */
export class Api {
  readonly #components: AdminComponents
  readonly #init: AdminInit
  readonly #started = Date.now()

  constructor (components: AdminComponents, init: AdminInit) {
    this.#components = components
    this.#init = init
  }

  /**
   * @returns the value of the answer
   * @throws RequestError, or what the node says to the request
   */
  async answer (method: string, path: string, request: AsyncIterable<Uint8Array>): Promise<object> {
    const { peers } = this.#components

    switch (`${method} ${path}`) {
      case 'GET /v1/info':
        return describeNode(this.#init.identity, this.#components.addressManager.getAddresses().map(String), this.#started, orWithout(() => this.#components.topics?.following()) ?? [], peers.list(), peers.members())
      case 'GET /v1/peers':
        return describePeers(this.#init.identity, peers.list(), peers.members(), orWithout(() => this.#components.statusSeq))
      case 'GET /v1/status':
        return describeStatus(this.#init.identity, { ...this.#components, peers, statusSeq: orWithout(() => this.#components.statusSeq), topics: orWithout(() => this.#components.topics) })
      case 'GET /v1/topics':
        return describeTopics(this.#topics(), orWithout(() => this.#components.statusSeq), this.#init.identity)
      case 'POST /v1/topics/publish':
        return sendMessage(this.#topics(), await readMessageBody(request), true)
      case 'POST /v1/topics/broadcast':
        return sendMessage(this.#topics(), await readMessageBody(request), false)
      case 'GET /v1/trust':
        return describeTrust(this.#init.identity, orWithout(() => this.#components.access))
      case 'POST /v1/reload':
        return this.#reload()
      case 'GET /v1/traffic':
        return describeTraffic(orWithout(() => this.#components.direct?.statistics()) ?? [], peers.members())
      case 'POST /v1/peers':
        return this.#add(await readPeerBody(request))
      case 'DELETE /v1/peers':
        return this.#remove(await readPeerBody(request))
      case 'POST /v1/peers/retry':
        return this.#retry(await readPeerBody(request))
      default:
        throw PATHS.includes(path)
          ? new RequestError(405, `${path} has no ${method}`)
          : new RequestError(404, `there is no ${path}: there are ${PATHS.join(', ')}`)
    }
  }

  /**
   * Listens for messages, until it is stopped.
   *
   * @param query - `topic`, any number of times, `broadcast` and `reliable`
   * @throws RequestError, or what the node says to the topics
   */
  listen (query: URLSearchParams, write: (entry: object) => void): Listening {
    return new Listening(this.#topics(), orWithout(() => this.#components.statusSeq), query, write)
  }

  #topics (): AdminTopics {
    const topics = orWithout(() => this.#components.topics)

    if (topics == null) {
      throw new RequestError(409, 'the node has no topics: it was composed without the service')
    }

    return topics
  }

  async #add ({ address, save }: PeerBody): Promise<object> {
    const added = this.#components.peers.add(expectAddress(address))
    await this.#save(save, { add: [expectAddress(address)] }, 'the peer is configured until the node stops')

    return { added, saved: save }
  }

  async #remove ({ address, save }: PeerBody): Promise<object> {
    const removed = await this.#components.peers.remove(expectAddress(address))
    await this.#save(save, { remove: [expectAddress(address)] }, 'the peer is removed until the node is started again')

    return { removed, saved: save }
  }

  #retry ({ address }: PeerBody): object {
    if (!this.#components.peers.retry(address) && address != null) {
      throw new RequestError(404, `${address} is not configured`)
    }

    return { retried: true }
  }

  async #reload (): Promise<object> {
    if (this.#init.reload == null) {
      throw new RequestError(409, 'there is nothing to be read again, since the node was not started from a config file')
    }

    return this.#init.reload()
  }

  async #save (wanted: boolean, change: { add?: string[], remove?: string[] }, meanwhile: string): Promise<void> {
    if (!wanted) {
      return
    }

    if (this.#init.save == null) {
      throw new RequestError(409, `${meanwhile}; it cannot be saved, since the node was not started from a config file`)
    }

    try {
      await this.#init.save(change)
    } catch (err) {
      throw new RequestError(500, `${meanwhile}; it could not be saved: ${err.message}`)
    }
  }
}

/**
 * What a service says that a node may do without: libp2p throws for one that is not there.
 */
function orWithout <Result> (ask: () => Result): Result | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}

function expectAddress (address?: string): string {
  if (address == null) {
    throw new RequestError(400, 'the body lacks "address", a multiaddr such as /ip4/10.0.0.2/tcp/30300/tls')
  }

  return address
}
