import { MalformedMessageError, NoFollowerError } from './errors.ts'
import { TopicRequest } from './pb/messages.ts'
import type { NodeId } from '@fisco-libp2p/identity'

/**
 * Encodes a request to a topic, as it travels by the direct protocol.
 */
export function encodeRequest (topic: string, data: Uint8Array): Uint8Array {
  return TopicRequest.encode({ topic, data: new Uint8Array(data) })
}

/**
 * Reads a request to a topic. The topic's name is not judged: a node answers only those that it follows.
 *
 * @throws MalformedMessageError for any bytes that are no request
 */
export function decodeRequest (bytes: Uint8Array): { topic: string, data: Uint8Array } {
  try {
    return TopicRequest.decode(bytes)
  } catch (err) {
    throw new MalformedMessageError(`no protobuf of a request to a topic: ${err.message}`)
  }
}

/**
 * How {@link askFollowers} asks.
 */
export interface AskOptions {
  /**
   * For the error: which topic it is about.
   */
  topic: string

  /**
   * Milliseconds for all tries together.
   */
  timeout: number

  /**
   * Milliseconds for each try.
   */
  tryTimeout: number

  /**
   * Any of them ends the request.
   */
  signals: AbortSignal[]
}

/**
 * Asks one after another, in the given order, until one answers.
 *
 * @throws NoFollowerError if none does, with the last failure as its cause
 * @throws the reason of a signal that aborts
 */
export async function askFollowers (followers: readonly NodeId[], ask: (follower: NodeId, signal: AbortSignal) => Promise<Uint8Array>, options: AskOptions): Promise<Uint8Array> {
  const { topic, timeout, tryTimeout, signals } = options
  let tried = 0
  let cause: Error | undefined

  try {
    return await within(timeout, signals, async signal => {
      for (const follower of followers) {
        tried++

        try {
          return await within(tryTimeout, [signal], async trySignal => ask(follower, trySignal))
        } catch (err) {
          cause = err
          signal.throwIfAborted()
        }
      }

      throw cause ?? new NoFollowerError(`No node is known to follow topic "${topic}"`)
    })
  } catch (err) {
    for (const signal of signals) {
      signal.throwIfAborted()
    }

    if (tried === 0) {
      throw err
    }

    throw new NoFollowerError(`Of ${followers.length} followers of topic "${topic}" ${tried} were asked within ${timeout} ms, and none answered; the last one: ${err.message}`, { cause: cause ?? err })
  }
}

/**
 * In random order (Fisher and Yates), without changing the original.
 *
 * @param random - 0 to below 1
 */
export function shuffle<T> (list: readonly T[], random: () => number): T[] {
  const shuffled = [...list]

  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const moved = shuffled[i]

    shuffled[i] = shuffled[j]
    shuffled[j] = moved
  }

  return shuffled
}

/**
 * Runs something under a deadline, and ends with it even if what runs does not look at its signal.
 */
async function within<T> (ms: number, parents: AbortSignal[], run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const end = (reason: Error): void => {
    reject(reason)
    controller.abort(reason)
  }

  const onAbort = (event: Event): void => { end((event.target as AbortSignal).reason) }
  const timer = setTimeout(() => { end(new DOMException(`No answer within ${ms} ms`, 'TimeoutError')) }, ms)

  try {
    for (const parent of parents) {
      parent.throwIfAborted()
      parent.addEventListener('abort', onAbort, { once: true })
    }

    return await Promise.race([promise, run(controller.signal)])
  } finally {
    clearTimeout(timer)
    parents.forEach(parent => { parent.removeEventListener('abort', onAbort) })
  }
}
