import { ChunkReader } from './chunk-reader.ts'
import { OutgoingCall } from './outgoing-call.ts'
import type { ChunkWriter } from './chunk-writer.ts'
import type { OutgoingCallInit } from './outgoing-call.ts'

/**
 * Bytes in pieces, as `for await` and it-pipe take them.
 */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Where what the caller sends goes.
 */
export interface StreamingOutput {
  readonly writer: ChunkWriter

  /**
   * The source has ended.
   */
  end (): void
}

/**
 * A streaming exchange as its caller sees it: settled when its answer has ended.
 */
export class StreamingCall extends OutgoingCall {
  /**
   * The answer.
   */
  readonly reader = new ChunkReader()

  readonly #source: ByteSource
  #writer?: ChunkWriter

  /**
   * @param init - of the kind that opens an exchange, without data
   */
  constructor (init: OutgoingCallInit, source: ByteSource) {
    super(init)
    this.#source = source
    this.reader.onReturn = () => { this.giveUp(new Error('the answer is not wanted any more')) }
    this.promise.then(() => { this.reader.end() }, err => { this.reader.fail(err) }).finally(() => { this.#writer?.stop() })
  }

  /**
   * It has begun: what its source gives can be sent.
   */
  connect (output: StreamingOutput): void {
    this.#writer = output.writer
    output.writer.pump(this.#source).then(() => { output.end() }, err => { this.giveUp(err) })
  }
}
