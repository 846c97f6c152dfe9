import { InvalidParametersError } from '@libp2p/interface'
import { HOLD_TIMEOUT, MAX_TIMEOUT, REQUEST_TIMEOUT, TRY_TIMEOUT, WATCHDOG_GRACE, WATCHDOG_INTERVAL } from './constants.ts'
import type { TopicsInit } from './api.ts'

/**
 * Fills in the defaults.
 *
 * @throws InvalidParametersError if a time is no whole number of milliseconds from 1 to 3,600,000
 */
export function settingsOf (init: TopicsInit): Required<TopicsInit> {
  const random = init.random ?? Math.random

  if (typeof random !== 'function') {
    throw new InvalidParametersError('topics: random must be a function')
  }

  return {
    requestTimeout: checkTime('requestTimeout', init.requestTimeout ?? REQUEST_TIMEOUT),
    tryTimeout: checkTime('tryTimeout', init.tryTimeout ?? TRY_TIMEOUT),
    holdTimeout: checkTime('holdTimeout', init.holdTimeout ?? HOLD_TIMEOUT),
    watchdogInterval: checkTime('watchdogInterval', init.watchdogInterval ?? WATCHDOG_INTERVAL),
    watchdogGrace: checkTime('watchdogGrace', init.watchdogGrace ?? WATCHDOG_GRACE),
    random
  }
}

/**
 * @throws InvalidParametersError if it is no whole number of milliseconds from 1 to 3,600,000
 */
export function checkTime (name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > MAX_TIMEOUT) {
    throw new InvalidParametersError(`topics: ${name} is a whole number of milliseconds from 1 to ${MAX_TIMEOUT}, not ${value}`)
  }

  return value
}
