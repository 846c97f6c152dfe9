import { InvalidParametersError } from '@libp2p/interface'
import {
  DEFAULT_DIAL_TIMEOUT,
  DEFAULT_LINK_TIMEOUT,
  DEFAULT_MAX_ADDRESSES,
  DEFAULT_MAX_CONCURRENT_DIALS,
  DEFAULT_MAX_DELAY,
  DEFAULT_MAX_MEMBERS,
  DEFAULT_MIN_DELAY,
  DEFAULT_REFUSED_DELAY,
  DEFAULT_STABLE_AFTER,
  MAX_ADDRESSES,
  MAX_DELAY,
  MAX_MEMBERS,
  MAX_REFUSED_DELAY,
  MIN_LINK_TIMEOUT
} from './constants.ts'
import type { PeersInit } from './index.ts'

/**
 * Every option, with its default where it was not given.
 */
export type PeersOptions = Required<Omit<PeersInit, 'identity'>>

/**
 * Checks the options and fills in the defaults.
 *
 * @throws InvalidParametersError naming the option and its range
 */
export function readInit (init: PeersInit): PeersOptions {
  const addresses = init.addresses ?? []
  const maxAddresses = integer('maxAddresses', init.maxAddresses ?? DEFAULT_MAX_ADDRESSES, MAX_ADDRESSES)
  const maxDelay = integer('maxDelay', init.maxDelay ?? DEFAULT_MAX_DELAY, MAX_DELAY)
  const maxMembers = integer('maxMembers', init.maxMembers ?? DEFAULT_MAX_MEMBERS, MAX_MEMBERS)
  const minDelay = integer('minDelay', init.minDelay ?? Math.min(DEFAULT_MIN_DELAY, maxDelay), maxDelay)

  if (!Array.isArray(addresses)) {
    throw new InvalidParametersError('addresses must be an array of multiaddrs')
  }

  return {
    addresses,
    maxAddresses,
    minDelay,
    maxDelay,
    stableAfter: integer('stableAfter', init.stableAfter ?? DEFAULT_STABLE_AFTER, MAX_DELAY),
    dialTimeout: integer('dialTimeout', init.dialTimeout ?? DEFAULT_DIAL_TIMEOUT, MAX_DELAY),
    maxConcurrentDials: integer('maxConcurrentDials', init.maxConcurrentDials ?? DEFAULT_MAX_CONCURRENT_DIALS, MAX_ADDRESSES),
    linkTimeout: integer('linkTimeout', init.linkTimeout ?? DEFAULT_LINK_TIMEOUT, MAX_DELAY, MIN_LINK_TIMEOUT),
    refusedDelay: integer('refusedDelay', init.refusedDelay ?? DEFAULT_REFUSED_DELAY, MAX_REFUSED_DELAY),
    maxMembers,
    maxUnconfigured: integer('maxUnconfigured', init.maxUnconfigured ?? maxMembers, maxMembers, 0),
    random: callable('random', init.random ?? Math.random),
    now: callable('now', init.now ?? Date.now)
  }
}

function integer (name: string, value: number, max: number, min = 1): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidParametersError(`${name} must be a whole number from ${min} to ${max}, not ${String(value)}`)
  }

  return value
}

function callable (name: string, value: () => number): () => number {
  if (typeof value !== 'function') {
    throw new InvalidParametersError(`${name} must be a function`)
  }

  return value
}
