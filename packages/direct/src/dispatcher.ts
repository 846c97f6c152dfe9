import { InvalidParametersError } from '@libp2p/interface'
import { DEFAULT_MAX_CONCURRENT, FENCE_NAME } from './constants.ts'
import { ErrorCode, messageOf } from './errors.ts'
import { List } from './list.ts'
import { toKeep } from './memory.ts'
import { encodeName } from './names.ts'
import { QuotaMeter } from './quota.ts'
import type { DeadlineTimer } from './deadlines.ts'
import type { HandleOptions, Handler, StreamHandler } from './handler.ts'
import type { Inbox } from './inbox.ts'
import type { IncomingCall } from './incoming-call.ts'
import type { PeerLog } from '@fisco-libp2p/identity'
import type { Logger } from '@libp2p/interface'

interface Registration {
  /**
   * Calls the handler.
   */
  run (call: IncomingCall): ReturnType<Handler>

  /**
   * Whether it is for streaming exchanges.
   */
  isStreaming: boolean
  maxConcurrent: number
  maxMessageSize: number
  quota?: QuotaMeter
  running: number

  /**
   * Calls that wait, by peer: peers take turns, the calls of one peer stay in order.
   */
  waiting: Map<Inbox, List<IncomingCall>>
}

/**
 * Runs handlers: so many at once per handler, so many per peer; the others wait.
 */
export class Dispatcher {
  readonly #deadlines: DeadlineTimer
  readonly #maxMessageSize: number
  readonly #log: Logger
  readonly #peerLog: PeerLog
  readonly #handlers = new Map<string, Registration>()

  // handlers that calls of a peer wait for
  readonly #waitedFor = new Map<Inbox, Set<Registration>>()

  // places that became free while others were being filled
  readonly #freed: Array<[Inbox, Registration?]> = []
  #isFilling = false

  constructor (deadlines: DeadlineTimer, maxMessageSize: number, log: Logger, peerLog: PeerLog) {
    this.#deadlines = deadlines
    this.#maxMessageSize = maxMessageSize
    this.#log = log
    this.#peerLog = peerLog
  }

  /**
   * @throws InvalidParametersError if the name cannot be one, is taken, or a limit is out of its range
   */
  handle (name: string, handler: Handler, options?: HandleOptions): void {
    this.#register(name, false, call => handler(call.data, call.context), options)
  }

  /**
   * @throws as {@link handle}
   */
  handleStream (name: string, handler: StreamHandler, options?: HandleOptions): void {
    this.#register(name, true, async ({ streaming, context }) => {
      if (streaming != null) {
        await streaming.writer.pump(handler(streaming.reader, context))
      }
    }, options)
  }

  #register (name: string, isStreaming: boolean, run: Registration['run'], options: HandleOptions = {}): void {
    const { maxConcurrent = DEFAULT_MAX_CONCURRENT, maxMessageSize = this.#maxMessageSize } = options
    encodeName(name)

    if (name === FENCE_NAME) {
      throw new InvalidParametersError(`"${name}" is a name that nobody handles: nodes ask for it to hear that all before it was read`)
    }

    if (this.#handlers.has(name)) {
      throw new InvalidParametersError(`There is a handler "${name}" already: call unhandle("${name}") first`)
    }

    if (!Number.isSafeInteger(maxConcurrent) || maxConcurrent < 1) {
      throw new InvalidParametersError(`maxConcurrent must be a positive integer, not ${maxConcurrent}`)
    }

    if (!Number.isSafeInteger(maxMessageSize) || maxMessageSize < 1) {
      throw new InvalidParametersError(`maxMessageSize must be a positive integer, not ${maxMessageSize}`)
    }

    this.#handlers.set(name, {
      run,
      isStreaming,
      maxConcurrent,
      maxMessageSize: Math.min(maxMessageSize, this.#maxMessageSize),
      quota: options.quota == null ? undefined : new QuotaMeter(options.quota),
      running: 0,
      waiting: new Map()
    })
  }

  /**
   * Calls that wait for the handler are refused, those that run go on.
   */
  unhandle (name: string): void {
    const registration = this.#handlers.get(name)
    this.#handlers.delete(name)

    for (const call of [...registration?.waiting.values() ?? []].flatMap(list => [...list])) {
      call.refuse(ErrorCode.NO_SUCH_HANDLER, '')
      call.onEnd?.()
    }
  }

  /**
   * Longest request that the handler of a name takes; undefined if there is no handler.
   */
  maxSizeOf (name: string): number | undefined {
    return this.#handlers.get(name)?.maxMessageSize
  }

  /**
   * Runs a call's handler, now or when it is its turn.
   */
  accept (call: IncomingCall): void {
    const { inbox } = call.caller
    const registration = this.#handlers.get(call.name)

    if (registration == null) {
      call.refuse(ErrorCode.NO_SUCH_HANDLER, '')

      return
    }

    const refusal = this.#refusalOf(call, registration)

    if (refusal != null) {
      call.refuse(...refusal)

      return
    }

    inbox.add(call)

    if (inbox.mayRun && registration.running < registration.maxConcurrent && !registration.waiting.has(inbox)) {
      this.#run(call, registration)
    } else {
      this.#wait(call, registration)
    }
  }

  /**
   * Starts what waited only for the peer to take its answers.
   */
  resume (inbox: Inbox): void {
    if (this.#waitedFor.has(inbox)) {
      this.#fill(inbox)
    }
  }

  /**
   * Why a call is not taken: code and explanation.
   */
  #refusalOf ({ caller: { inbox, nodeId }, name, deadline, size, streaming }: IncomingCall, { maxMessageSize, quota, isStreaming }: Registration): [number, string] | undefined {
    const now = this.#deadlines.now()

    if ((streaming != null) !== isStreaming) {
      return [ErrorCode.NO_SUCH_HANDLER, isStreaming ? 'it is for streaming exchanges: use stream()' : 'it is for whole messages: use request()']
    }

    if (deadline <= now) {
      return [ErrorCode.TIMEOUT, '']
    }

    if (size > maxMessageSize) {
      return [ErrorCode.REQUEST_TOO_LARGE, `${size} bytes; ${maxMessageSize} are allowed`]
    }

    if (inbox.isFull) {
      return [ErrorCode.TOO_MANY_REQUESTS, 'too many of them are waiting already']
    }

    const wait = quota?.take(nodeId, now) ?? 0

    if (wait > 0) {
      return [ErrorCode.TOO_MANY_REQUESTS, `the quota for "${name}" is used up; the next one is welcome in ${Math.ceil(wait)} ms`]
    }
  }

  #wait (call: IncomingCall, registration: Registration): void {
    const { inbox } = call.caller
    const list = registration.waiting.get(inbox) ?? new List<IncomingCall>()
    const waitedFor = this.#waitedFor.get(inbox) ?? new Set()
    call.data = toKeep(call.data)
    call.node = list.push(call)
    registration.waiting.set(inbox, list)
    this.#waitedFor.set(inbox, waitedFor.add(registration))
    this.#deadlines.add(call)
    call.onEnd = () => {
      this.#leave(call, registration)
      inbox.remove(call)
    }
  }

  #leave (call: IncomingCall, registration: Registration): void {
    const { inbox } = call.caller
    const list = call.node?.list
    call.onEnd = undefined
    this.#deadlines.delete(call)

    if (call.node != null && list != null) {
      list.remove(call.node)

      if (list.size === 0) {
        registration.waiting.delete(inbox)
        this.#waitedFor.get(inbox)?.delete(registration)
      }
    }

    if (this.#waitedFor.get(inbox)?.size === 0) {
      this.#waitedFor.delete(inbox)
    }
  }

  #run (call: IncomingCall, registration: Registration): void {
    registration.running++
    call.caller.inbox.running++

    try {
      const result = registration.run(call)

      if (typeof result === 'object' && 'then' in result) {
        this.#deadlines.add(call)
        Promise.resolve(result).then(
          data => { this.#settle(call, registration, data) },
          err => { this.#settle(call, registration, undefined, err ?? new Error('rejected without a reason')) }
        )
      } else {
        this.#settle(call, registration, result)
      }
    } catch (err) {
      this.#settle(call, registration, undefined, err ?? new Error('threw nothing'))
    }
  }

  #settle (call: IncomingCall, registration: Registration, data: Uint8Array | void, err?: unknown): void {
    const { inbox } = call.caller
    this.#deadlines.delete(call)

    if (err != null && call.isOver) {
      this.#log('handler "%s" failed after its exchange was over: %s', call.name, messageOf(err))
    } else if (err != null) {
      this.#peerLog.error(call.caller.nodeId, 'handler "%s" failed for node %s: %s', call.name, call.caller.nodeId, messageOf(err))
      call.refuse(ErrorCode.HANDLER_FAILED, messageOf(err))
    } else if (data != null && !(data instanceof Uint8Array)) {
      call.refuse(ErrorCode.HANDLER_FAILED, 'it returned something else than a Uint8Array')
    } else if (data != null && data.length > registration.maxMessageSize) {
      call.refuse(ErrorCode.ANSWER_TOO_LARGE, `${data.length} bytes; ${registration.maxMessageSize} are allowed`)
    } else {
      call.answer(data ?? new Uint8Array())
    }

    registration.running--
    inbox.running--
    inbox.remove(call)
    this.#fill(inbox, registration)
  }

  /**
   * Gives free places to calls that wait. A handler that returns at once frees its place again: that is taken up by the loop,
   * not by recursion.
   */
  #fill (inbox: Inbox, registration?: Registration): void {
    if (this.#waitedFor.size === 0) {
      return
    }

    this.#freed.push([inbox, registration])

    if (this.#isFilling) {
      return
    }

    this.#isFilling = true

    try {
      for (let freed = this.#freed.shift(); freed != null; freed = this.#freed.shift()) {
        this.#fillFrom(...freed)
      }
    } finally {
      this.#isFilling = false
    }
  }

  #fillFrom (inbox: Inbox, registration?: Registration): void {
    if (registration != null) {
      for (const peer of [...registration.waiting.keys()]) {
        if (registration.running >= registration.maxConcurrent) {
          break
        }

        this.#startNext(peer, registration)
      }
    }

    for (const other of [...this.#waitedFor.get(inbox) ?? []]) {
      while (this.#startNext(inbox, other)) {
        // as many as there are places
      }
    }
  }

  #startNext (inbox: Inbox, registration: Registration): boolean {
    const list = registration.waiting.get(inbox)
    const call = list?.first

    if (list == null || call == null || !inbox.mayRun || registration.running >= registration.maxConcurrent) {
      return false
    }

    this.#leave(call, registration)

    if (list.size > 0) {
      // to the end of the row of peers
      registration.waiting.delete(inbox)
      registration.waiting.set(inbox, list)
    }

    this.#run(call, registration)

    return true
  }
}
