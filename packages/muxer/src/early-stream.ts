import { InvalidMessageError, TimeoutError, UnsupportedProtocolError } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat, fromString } from 'uint8arrays'
import { MULTISTREAM, NOT_AVAILABLE } from './constants.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { AbstractStream } from '@libp2p/utils'

/**
 * Lines of multistream-select, as they travel: a length of one byte, the text, a line end.
 */
export function encode (...texts: string[]): Uint8Array {
  return concat(texts.flatMap(text => {
    const line = fromString(`${text}\n`)

    return [Uint8Array.of(line.byteLength), line]
  }))
}

/**
 * Asks the other end to speak a protocol on a stream, and lets the stream be used without waiting for the answer. That is cut off
 * from what comes in; any other answer resets the stream: with an UnsupportedProtocolError if the protocol is not spoken, with an
 * InvalidMessageError if it makes no sense, with a TimeoutError if there is none in time.
 *
 * @param timeout - milliseconds
 */
export function selectEarly (stream: AbstractStream, protocol: string, timeout: number): void {
  const question = encode(MULTISTREAM, protocol)
  const refusal = encode(MULTISTREAM, NOT_AVAILABLE)
  const answered = Promise.withResolvers<void>()
  const received = new Uint8ArrayList()
  const { onData, sendCloseWrite } = stream
  const timer = setTimeout(() => {
    stream.abort(new TimeoutError(`no answer within ${timeout} ms to the question whether ${protocol} is spoken`))
  }, timeout)

  const done = (): void => {
    clearTimeout(timer)
    Object.assign(stream, { onData, sendCloseWrite })
    answered.resolve()
  }

  stream.protocol = protocol
  stream.addEventListener('close', done, { once: true })

  stream.onData = data => {
    received.append(data)
    const bytes = received.subarray(0, Math.min(received.byteLength, question.byteLength))

    if (startsWith(question, bytes)) {
      if (bytes.byteLength === question.byteLength) {
        done()
        stream.onData(received.sublist(question.byteLength))
      }
    } else if (startsWith(refusal, bytes.subarray(0, refusal.byteLength))) {
      if (bytes.byteLength >= refusal.byteLength) {
        stream.abort(new UnsupportedProtocolError(`the other end does not speak ${protocol}`))
      }
    } else {
      stream.abort(new InvalidMessageError(`the other end answered the question whether it speaks ${protocol} with something else`))
    }
  }

  // a responder that has not read the question when this half ends would take it for an empty stream
  stream.sendCloseWrite = async (options?: AbortOptions) => {
    await answered.promise
    await sendCloseWrite.call(stream, options)
  }

  stream.send(question)
}

function startsWith (whole: Uint8Array, bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === whole[i])
}
