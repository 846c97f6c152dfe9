import { promisify } from 'node:util'
import { constants, deflateRaw, inflateRaw } from 'node:zlib'
import { InvalidMessageError } from '@libp2p/interface'
import { concat } from 'uint8arrays'
import { COMPRESSED_MARK, MIN_COMPRESSED_LENGTH, PLAIN_MARK } from './constants.ts'
import { MessageTooLargeError } from './errors.ts'

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/**
 * Puts a byte before a message that says whether it is compressed (RFC 1951, DEFLATE), which it is if it is long and becomes shorter by that.
 */
export async function pack (message: Uint8Array): Promise<Uint8Array> {
  if (message.byteLength > MIN_COMPRESSED_LENGTH) {
    const compressed = await deflate(message, { level: constants.Z_BEST_SPEED })

    if (compressed.byteLength < message.byteLength) {
      return concat([Uint8Array.of(COMPRESSED_MARK), compressed])
    }
  }

  return concat([Uint8Array.of(PLAIN_MARK), message])
}

/**
 * Undoes {@link pack}, whatever the bytes are: no more is made of them than is allowed.
 *
 * @param maxLength - of the message
 * @throws MessageTooLargeError if the message is longer
 * @throws InvalidMessageError if the bytes are no such message
 */
export async function unpack (packed: Uint8Array, maxLength: number): Promise<Uint8Array> {
  const [mark] = packed
  const rest = packed.subarray(1)

  if (mark !== PLAIN_MARK && mark !== COMPRESSED_MARK) {
    throw new InvalidMessageError('it does not say whether it is compressed')
  }

  if (mark === PLAIN_MARK) {
    if (rest.byteLength > maxLength) {
      throw tooLarge(maxLength)
    }

    return rest
  }

  try {
    // it ends as soon as there is more
    return await inflate(rest, { maxOutputLength: maxLength })
  } catch (err) {
    throw err.code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxLength) : new InvalidMessageError(`it cannot be decompressed: ${err.message}`)
  }
}

function tooLarge (maxLength: number): MessageTooLargeError {
  return new MessageTooLargeError(`A message of more than ${maxLength} bytes when it is decompressed; ${maxLength} are allowed (maxMessageSize)`)
}
