import { printable } from '@fisco-libp2p/identity'
import { MAX_ERROR_LENGTH } from './constants.ts'
import type { HandshakeRejection, NodeId } from '@fisco-libp2p/identity'

/**
 * How a dial ended, also the values of the label `outcome` of the metric.
 */
export type DialOutcome = 'connected' | 'refused' | 'later' | 'self' | 'timeout' | 'failed'

/**
 * Why a dial did not lead to a connection.
 */
export interface DialFailure {
  outcome: Exclude<DialOutcome, 'connected'>
  message: string

  /**
   * The rule by which one of both sides refused; only with the outcome `refused`.
   */
  rule?: string
  refusedBy?: 'us' | 'them'

  /**
   * Whether the next dial leads to the same answer, unless somebody changes something.
   */
  final?: boolean
  nodeId?: NodeId
}

/**
 * Rules under which a security transport reports that a handshake broke off before anybody judged anybody.
 */
const BROKEN_OFF = ['closed', 'timeout', 'tls-failure']

/**
 * Rules by which a node does not take another one at the moment. It is not refused: the next dial may be welcome.
 */
const LATER = ['draining', 'overloaded']

/**
 * Rules that hold until somebody changes a list, a certificate or a configuration. The others pass by themselves, or may: clocks are
 * set, certificates renewed, and the right node comes back to its address.
 */
const FINAL = ['denied', 'revoked', 'other-network']

/**
 * Makes out what the error of a dial means. libp2p keeps only the message of an error of the handshake, so a refusal is
 * told by the security transport beside it.
 *
 * @param self - this node's node ID
 * @param rejection - what the security transport said about this dial
 * @param gaterTells - whether this node's connection gater says when its answer may be another one
 */
export function explainFailure (err: unknown, self: NodeId, rejection?: HandshakeRejection, gaterTells = false): DialFailure {
  const errors = [err, ...(err instanceof AggregateError ? err.errors : [])].map(toError)

  if (rejection?.nodeId === self || errors.some(isSelfDial)) {
    return { outcome: 'self', message: 'this address leads to the node itself' }
  }

  if (rejection != null) {
    const { rule, refusedBy, nodeId } = rejection
    const message = bounded(rejection.message)

    if (BROKEN_OFF.includes(rule)) {
      return { outcome: rule === 'timeout' ? 'timeout' : 'failed', message }
    }

    return LATER.includes(rule)
      ? { outcome: 'later', message }
      : { outcome: 'refused', rule, refusedBy, nodeId, final: FINAL.includes(rule), message }
  }

  // an AggregateError of node:net has no message of its own
  const message = bounded(errors.map(({ message }) => message).filter(text => text !== '').join('; ') || errors[0].name)

  if (errors.some(({ name }) => name === 'DialDeniedError' || name === 'ConnectionInterceptedError')) {
    return { outcome: 'refused', rule: 'connection-gater', refusedBy: 'us', final: gaterTells, message }
  }

  if (errors.some(({ name }) => name === 'TimeoutError' || name === 'AbortError')) {
    return { outcome: 'timeout', message }
  }

  return { outcome: 'failed', message }
}

function isSelfDial ({ name, message }: Error): boolean {
  return ['InvalidPeerIdError', 'DialError'].includes(name) && message.endsWith('dial self')
}

function toError (err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err))
}

function bounded (text: string): string {
  return printable(text, MAX_ERROR_LENGTH)
}
