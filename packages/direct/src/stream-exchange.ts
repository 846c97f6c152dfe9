import { ChunkReader } from './chunk-reader.ts'
import { ChunkWriter } from './chunk-writer.ts'
import { MAX_PART_LENGTH } from './constants.ts'
import { chunkMessage, creditMessage, endMessage } from './message.ts'
import type { OutgoingMessage } from './message.ts'
import type { OutgoingQueue } from './outgoing.ts'
import type { Traffic } from './traffic.ts'

/**
 * What a {@link StreamExchange} needs of the stream that it is on.
 */
export interface StreamExchangeOutput {
  queue: Pick<OutgoingQueue, 'remove'>
  push (message: OutgoingMessage): void
}

/**
 * One side of a streaming exchange: chunks go out and come in until both directions have ended.
 */
export class StreamExchange {
  readonly reader: ChunkReader
  readonly writer = new ChunkWriter(chunk => this.#write(chunk))

  /**
   * Whether the other side will send nothing more.
   */
  hasInputEnded = false

  /**
   * Whether this side has said that it sends nothing more, or void all.
   */
  hasOutputEnded = false

  readonly #id: number
  readonly #isCallee: boolean
  readonly #output: StreamExchangeOutput
  readonly #count: { traffic: Traffic, name: string }
  readonly #queued = new Set<OutgoingMessage>()
  #queuedBytes = 0
  #room?: () => void

  /**
   * @param isCallee - whether the other side has begun it
   * @param count - where its pieces are counted, and under which name
   * @param reader - takes what comes in
   */
  constructor (id: number, isCallee: boolean, output: StreamExchangeOutput, count: { traffic: Traffic, name: string }, reader = new ChunkReader()) {
    this.#count = count
    this.#id = id
    this.#isCallee = isCallee
    this.#output = output
    this.reader = reader
    reader.onTaken = cost => { output.push(creditMessage(id, isCallee, cost)) }
  }

  /**
   * A chunk has come in.
   *
   * @throws InvalidFrameError if there is no room for it
   */
  receive (chunk: Uint8Array): void {
    this.#count.traffic.received(this.#count.name, chunk.byteLength)
    this.reader.push(chunk)
  }

  /**
   * Sends the end, behind all chunks.
   */
  end (): void {
    if (!this.hasOutputEnded) {
      this.hasOutputEnded = true
      this.#push(endMessage(this.#id, this.#isCallee))
    }
  }

  /**
   * Sends nothing more: whoever calls this tells the other side, or cannot.
   */
  stop (): void {
    this.hasOutputEnded = true
    this.writer.stop()

    for (const message of this.#queued) {
      this.#output.queue.remove(message)
    }

    this.#queued.clear()
    this.#room?.()
  }

  /**
   * Ends both directions here.
   */
  fail (err: Error): void {
    this.stop()
    this.reader.fail(err)
  }

  #write (chunk: Uint8Array): Promise<void> | undefined {
    this.#count.traffic.sent(this.#count.name, chunk.byteLength)
    this.#push(chunkMessage(this.#id, this.#isCallee, chunk))

    if (this.#queuedBytes >= MAX_PART_LENGTH) {
      return new Promise(resolve => { this.#room = resolve })
    }
  }

  #push (message: OutgoingMessage): void {
    this.#queued.add(message)
    this.#queuedBytes += message.data.byteLength
    message.onSent = () => {
      this.#queued.delete(message)
      this.#queuedBytes -= message.data.byteLength
      this.#room?.()
    }

    this.#output.push(message)
  }
}
