import { identityOf } from '@fisco-libp2p/identity'
import { InvalidParametersError } from '@libp2p/interface'
import { DEFAULT_INTERVAL, DEFAULT_MAX_AGE, DEFAULT_MAX_NODES } from './constants.ts'
import type { StatusSeqComponents, StatusSeqInit } from './index.ts'

/**
 * Settings, checked and complete.
 */
export type Settings = Required<StatusSeqInit>

/**
 * The shortest age is several intervals, so that nodes have told each other of their neighbours well before anybody is dropped.
 */
const INTERVALS_PER_AGE = 8

/**
 * Checks settings and fills in the defaults.
 *
 * @throws InvalidParametersError
 */
export function readSettings (init: StatusSeqInit, components: Pick<StatusSeqComponents, 'privateKey' | 'peerId'>): Settings {
  const identity = init.identity ?? identityOf(components)

  if (!identity.peerId.equals(components.peerId)) {
    throw new InvalidParametersError(`The identity given to statusSeq() is of peer ${identity.peerId.toString()}, and the node is peer ${components.peerId.toString()}: pass identity.privateKey to createLibp2p()`)
  }

  const interval = integer('interval', init.interval ?? DEFAULT_INTERVAL, 10, 60_000)

  return {
    identity,
    interval,
    maxAge: integer('maxAge', init.maxAge ?? DEFAULT_MAX_AGE, INTERVALS_PER_AGE * interval, 24 * 60 * 60 * 1_000),
    maxNodes: integer('maxNodes', init.maxNodes ?? DEFAULT_MAX_NODES, 1, 100_000)
  }
}

function integer (name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidParametersError(`statusSeq: ${name} must be an integer from ${min} to ${max}, and is ${value}`)
  }

  return value
}
