import { MAX_BODY, MAX_MESSAGE_BODY } from './constants.ts'
import { RequestError } from './errors.ts'

/**
 * What a request about a peer says.
 */
export interface PeerBody {
  address?: string
  save: boolean
}

/**
 * What a request to send a message says.
 */
export interface MessageBody {
  topic?: string
  data: Uint8Array
  delivery?: 'besteffort' | 'reliable'
  acks?: 'all' | number
  timeout?: number

  /**
   * Node IDs of the followers that alone get it.
   */
  to?: string[]
}

/**
 * @throws RequestError unless it is empty or a JSON object with fields of the right types
 */
export async function readPeerBody (request: AsyncIterable<Uint8Array>): Promise<PeerBody> {
  const { address, save = false } = await readObject(request, MAX_BODY)

  if ((address != null && typeof address !== 'string') || typeof save !== 'boolean') {
    throw new RequestError(400, '"address" must be a text and "save" true or false')
  }

  return { address: address ?? undefined, save }
}

/**
 * @throws RequestError unless it is a JSON object with fields of the right types
 */
export async function readMessageBody (request: AsyncIterable<Uint8Array>): Promise<MessageBody> {
  const { topic, data, text, delivery, acks, timeout, to } = await readObject(request, MAX_MESSAGE_BODY)

  if ((topic != null && typeof topic !== 'string') || (timeout != null && typeof timeout !== 'number')) {
    throw new RequestError(400, '"topic" must be a text and "timeout" a number of milliseconds')
  }

  if (delivery != null && delivery !== 'besteffort' && delivery !== 'reliable') {
    throw new RequestError(400, '"delivery" must be "besteffort" or "reliable"')
  }

  if (acks != null && acks !== 'all' && typeof acks !== 'number') {
    throw new RequestError(400, '"acks" must be "all" or a number')
  }

  if (to != null && !(Array.isArray(to) && to.every(nodeId => typeof nodeId === 'string'))) {
    throw new RequestError(400, '"to" must be a list of node IDs')
  }

  return { topic: topic ?? undefined, data: readData(data, text), delivery: delivery ?? undefined, acks: acks ?? undefined, timeout: timeout ?? undefined, to: to ?? undefined }
}

function readData (data: unknown, text: unknown): Uint8Array {
  if (typeof text === 'string' && data == null) {
    return Buffer.from(text)
  }

  // Buffer leaves out what is no base64, in silence
  if (typeof data !== 'string' || text != null || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) {
    throw new RequestError(400, 'either "data" must be bytes in base64, or "text" a text')
  }

  return Buffer.from(data, 'base64')
}

async function readObject (request: AsyncIterable<Uint8Array>, maxLength: number): Promise<Record<string, unknown>> {
  const chunks: Uint8Array[] = []
  let length = 0

  for await (const chunk of request) {
    length += chunk.byteLength

    if (length > maxLength) {
      throw new RequestError(413, `the body is longer than ${maxLength} bytes`)
    }

    chunks.push(chunk)
  }

  return parseObject(Buffer.concat(chunks).toString())
}

function parseObject (text: string): Record<string, unknown> {
  let value: unknown

  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    throw new RequestError(400, 'the body is no JSON')
  }

  if (typeof value !== 'object' || value == null || Array.isArray(value)) {
    throw new RequestError(400, 'the body must be a JSON object')
  }

  return value as Record<string, unknown>
}
