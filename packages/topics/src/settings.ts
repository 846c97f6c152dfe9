import { InvalidParametersError } from '@libp2p/interface'
import { ACK_TIMEOUT, HISTORY_BYTES, HISTORY_MESSAGES, HOLD_TIMEOUT, MAX_HISTORY_BYTES, MAX_TIMEOUT, REQUEST_TIMEOUT, TRY_TIMEOUT, WATCHDOG_GRACE, WATCHDOG_INTERVAL } from './constants.ts'
import type { HistoryLimits } from './history.ts'
import type { TopicsInit } from './init.ts'

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
    ackTimeout: checkTime('ackTimeout', init.ackTimeout ?? ACK_TIMEOUT),
    history: historyOf(init.history ?? {}),
    restricted: init.restricted ?? {},
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

function historyOf ({ messages = HISTORY_MESSAGES, bytes = HISTORY_BYTES, total = MAX_HISTORY_BYTES }: HistoryLimits): Required<HistoryLimits> {
  for (const [name, value] of Object.entries({ messages, bytes, total })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new InvalidParametersError(`topics: history.${name} is a whole number from 1, not ${value}`)
    }
  }

  return { messages, bytes, total }
}
