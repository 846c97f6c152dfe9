import { abbreviate, printable } from '@fisco-libp2p/identity'
import { InvalidMessageError, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { pack, unpack } from './compression.ts'
import { DEFAULT_MAX_CONCURRENT_COMPRESSED, DEFAULT_MAX_MESSAGE_SIZE, MAX_MESSAGE_SIZE_CEILING, MAX_TIMEOUT } from './constants.ts'
import { MessageTooLargeError } from './errors.ts'
import { checkInteger } from './init.ts'
import { encodeName } from './names.ts'
import type { HandlerContext, HandleOptions } from './handler.ts'
import type { Direct, DirectOptions } from './index.ts'
import type { Lane } from './lane.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Startable } from '@libp2p/interface'

/**
 * Messages as bytes, and back: what protons generates from a `.proto` file, or anything of this form.
 */
export interface DirectCodec<Message> {
  encode (message: Message): Uint8Array

  /**
   * @throws if the bytes are no such message
   */
  decode (bytes: Uint8Array): Message
}

/**
 * A protocol of requests and answers, all of its rules in one place.
 */
export interface DirectProtocolInit<Request, Response> extends Pick<HandleOptions, 'maxConcurrent' | 'quota'> {
  /**
   * On the wire, best with a version: `height/1.0.0`; 1 to 255 bytes of UTF-8.
   */
  name: string
  request: DirectCodec<Request>
  response: DirectCodec<Response>

  /**
   * Milliseconds that a request waits for its answer, 1 to 3,600,000.
   *
   * @default that of `direct()`
   */
  timeout?: number

  /**
   * The lane that requests travel on, see `DirectOptions`.
   *
   * @default 'default'
   */
  lane?: Lane

  /**
   * Longest request and answer, in bytes, 1 to 104,857,600. Longer ones are neither sent nor taken.
   *
   * @default that of `direct()`, which is the limit in any case; with `compress` 4,194,304
   */
  maxMessageSize?: number

  /**
   * Whether requests and answers above 1 KiB are compressed (DEFLATE) where that makes them shorter. Both sides must say the same: each message has a byte before
   * it then. `maxMessageSize` is for the message as the codecs see it: decompressing ends there. Without `maxConcurrent`, 16 calls run at once.
   *
   * @default false
   */
  compress?: boolean
}

/**
 * What a node does with the protocol.
 */
export interface DirectProtocolOptions<Request, Response> {
  /**
   * Answers requests. What it throws reaches the caller as {@link Handler} describes.
   *
   * @default none: the node asks, and does not answer
   */
  handler? (message: Request, context: HandlerContext): Response | Promise<Response>
}

/**
 * The protocol on one node. Among the services of a node it is started and stopped with it; who makes one for a node that is there already calls
 * `start()`, from which on it answers.
 */
export interface DirectProtocol<Request, Response> extends Startable {
  /**
   * Asks a node.
   *
   * @throws InvalidMessageError if the answer is no message of the protocol; else as {@link Direct.request}
   */
  request (nodeId: NodeId, message: Request, options?: DirectOptions): Promise<Response>
}

/**
 * What a protocol needs of the node.
 */
export interface DirectProtocolComponents {
  /**
   * The service of `direct()`, which has to be among the node's services under this name.
   */
  direct: Pick<Direct, 'handle' | 'unhandle' | 'request'>
}

/**
 * Declares a protocol of typed requests and answers over `direct()`: codec, time, size and quota beside each other. What comes back is a plugin as any other:
 * `protocol(options)` among the services of a node.
 *
 * @throws InvalidParametersError if a value is out of its range
 */
export function directProtocol<Request, Response> (init: DirectProtocolInit<Request, Response>): (options?: DirectProtocolOptions<Request, Response>) => (components: DirectProtocolComponents) => DirectProtocol<Request, Response> {
  encodeName(init.name)
  checkInteger('timeout', init.timeout ?? 1, MAX_TIMEOUT)
  checkInteger('maxMessageSize', init.maxMessageSize ?? 1, MAX_MESSAGE_SIZE_CEILING)

  return (options = {}) => components => new TypedProtocol(init, options, components)
}

class TypedProtocol<Request, Response> implements DirectProtocol<Request, Response> {
  readonly [serviceCapabilities]: string[]
  readonly [serviceDependencies] = ['@fisco-libp2p/direct']
  readonly #init: DirectProtocolInit<Request, Response>
  readonly #handler: DirectProtocolOptions<Request, Response>['handler']
  readonly #components: DirectProtocolComponents

  constructor (init: DirectProtocolInit<Request, Response>, options: DirectProtocolOptions<Request, Response>, components: DirectProtocolComponents) {
    this[serviceCapabilities] = [init.name]
    this.#init = init
    this.#handler = options.handler
    this.#components = components
  }

  get [Symbol.toStringTag] (): string {
    return this.#init.name
  }

  /**
   * Asked for when it is needed: services are made in any order.
   */
  get #direct (): DirectProtocolComponents['direct'] {
    return this.#components.direct
  }

  start (): void {
    const { name, request, response, maxMessageSize, quota, compress = false } = this.#init
    const { maxConcurrent = compress ? DEFAULT_MAX_CONCURRENT_COMPRESSED : undefined } = this.#init
    const handler = this.#handler

    if (handler != null) {
      this.#direct.handle(name, async (data, context) => {
        const message = decode(request, await this.#unpack(data), 'the request')

        return this.#pack(response.encode(await handler(message, context)))
      }, { maxConcurrent, maxMessageSize: compress && maxMessageSize != null ? maxMessageSize + 1 : maxMessageSize, quota })
    }
  }

  stop (): void {
    if (this.#handler != null) {
      this.#direct.unhandle(this.#init.name)
    }
  }

  async request (nodeId: NodeId, message: Request, options: DirectOptions = {}): Promise<Response> {
    const { name, request, response, timeout, lane, maxMessageSize = Infinity } = this.#init
    const data = request.encode(message)

    if (data.byteLength > maxMessageSize) {
      throw new MessageTooLargeError(`A request "${printable(name)}" of ${data.byteLength} bytes; ${maxMessageSize} are allowed (maxMessageSize)`)
    }

    const answer = await this.#unpack(await this.#direct.request(nodeId, name, await this.#pack(data), { timeout, lane, ...options }))

    if (answer.byteLength > maxMessageSize) {
      throw new MessageTooLargeError(`The answer of node ${abbreviate(nodeId)} to "${printable(name)}" has ${answer.byteLength} bytes; ${maxMessageSize} are allowed (maxMessageSize)`)
    }

    return decode(response, answer, `the answer of node ${abbreviate(nodeId)} to "${printable(name)}"`)
  }

  async #pack (message: Uint8Array): Promise<Uint8Array> {
    return this.#init.compress === true ? pack(message) : message
  }

  async #unpack (bytes: Uint8Array): Promise<Uint8Array> {
    return this.#init.compress === true ? unpack(bytes, this.#init.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE) : bytes
  }
}

function decode<Message> (codec: DirectCodec<Message>, bytes: Uint8Array, what: string): Message {
  try {
    return codec.decode(bytes)
  } catch (err) {
    throw new InvalidMessageError(`${what} is no message of the protocol: ${err.message}`)
  }
}
