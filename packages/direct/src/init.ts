import { InvalidParametersError } from '@libp2p/interface'
import { DEFAULT_MAX_CONCURRENT_PER_PEER, DEFAULT_MAX_IN_FLIGHT, DEFAULT_MAX_INCOMING_BYTES, DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_MAX_QUEUE_BYTES, DEFAULT_MAX_QUEUE_LENGTH, DEFAULT_TIMEOUT, MAX_BANDWIDTH, MAX_MESSAGE_SIZE_CEILING, MAX_TIMEOUT } from './constants.ts'
import type { InboxLimits } from './inbox.ts'
import type { DirectInit } from './index.ts'
import type { QueueLimits } from './outgoing.ts'

/**
 * {@link DirectInit}, complete and checked.
 */
export interface Settings {
  timeout: number
  maxMessageSize: number
  maxInFlight: number
  inbox: InboxLimits
  queue: QueueLimits

  /**
   * Bytes that go out in a second: to all peers together, to each of them.
   */
  bytesPerSecond?: number
  bytesPerSecondPerPeer?: number
}

/**
 * @throws InvalidParametersError if a value is out of its range
 */
export function settings (init: DirectInit): Settings {
  return {
    timeout: within('timeout', init.timeout, DEFAULT_TIMEOUT, MAX_TIMEOUT),
    maxMessageSize: within('maxMessageSize', init.maxMessageSize, DEFAULT_MAX_MESSAGE_SIZE, MAX_MESSAGE_SIZE_CEILING),
    maxInFlight: within('maxInFlight', init.maxInFlight, DEFAULT_MAX_IN_FLIGHT, DEFAULT_MAX_IN_FLIGHT),
    inbox: {
      maxConcurrent: within('maxConcurrentPerPeer', init.maxConcurrentPerPeer, DEFAULT_MAX_CONCURRENT_PER_PEER),
      maxBytes: within('maxIncomingBytes', init.maxIncomingBytes, DEFAULT_MAX_INCOMING_BYTES)
    },
    queue: {
      maxBytes: within('maxQueueBytes', init.maxQueueBytes, DEFAULT_MAX_QUEUE_BYTES),
      maxLength: within('maxQueueLength', init.maxQueueLength, DEFAULT_MAX_QUEUE_LENGTH)
    },
    bytesPerSecond: init.bytesPerSecond == null ? undefined : checkInteger('bytesPerSecond', init.bytesPerSecond, MAX_BANDWIDTH),
    bytesPerSecondPerPeer: init.bytesPerSecondPerPeer == null ? undefined : checkInteger('bytesPerSecondPerPeer', init.bytesPerSecondPerPeer, MAX_BANDWIDTH)
  }
}

function within (name: string, value: number | undefined, byDefault: number, max: number = Number.MAX_SAFE_INTEGER): number {
  return value == null ? byDefault : checkInteger(name, value, max)
}

/**
 * @returns the value
 * @throws InvalidParametersError if it is no integer from 1 to `max`
 */
export function checkInteger (name: string, value: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new InvalidParametersError(`${name} must be an integer from 1 to ${max}, not ${value}`)
  }

  return value
}
