import { createHash } from 'node:crypto'
import { isNodeId, verifyFields } from '@fisco-libp2p/identity'
import { fromString, toString } from 'uint8arrays'
import { MAX_AUTHOR_BYTES, MAX_ROUTE, RECEIPT_VERSION } from './constants.ts'
import { MalformedMessageError } from './errors.ts'
import { Delivery } from './pb/messages.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

/**
 * A message on its way to one node, which confirms it.
 */
export interface Parcel {
  /**
   * Over which nodes it still has to go; the last one is the receiver.
   */
  route: readonly NodeId[]

  /**
   * The signed message.
   */
  message: Uint8Array
}

/**
 * Encodes a message that is to be confirmed, as it travels by the direct protocol.
 */
export function encodeParcel ({ route, message }: Parcel): Uint8Array {
  return Delivery.encode({ route: route.map(nodeId => fromString(nodeId, 'hex')), message: new Uint8Array(message) })
}

/**
 * Reads such a message. What is signed in it is not judged.
 *
 * @throws MalformedMessageError for any bytes that are no parcel
 */
export function decodeParcel (bytes: Uint8Array): Parcel {
  try {
    const { route, message } = Delivery.decode(bytes, { limits: { route: MAX_ROUTE } })

    return { route: route.map(readNodeId), message }
  } catch (err) {
    throw new MalformedMessageError(`no protobuf of a message to be confirmed: ${err.message}`)
  }
}

function readNodeId (bytes: Uint8Array): NodeId {
  const nodeId = bytes.byteLength > MAX_AUTHOR_BYTES ? '' : toString(bytes, 'hex')

  if (!isNodeId(nodeId)) {
    throw new Error('its route names what is no node ID')
  }

  return nodeId
}

/**
 * Confirms that this node has a message: signed, because it may come back over others.
 */
export function signReceipt (identity: Identity, message: Uint8Array): Uint8Array {
  return identity.sign('receipt', RECEIPT_VERSION, [sha256(message)])
}

/**
 * Whether a node has confirmed a message.
 */
export function verifyReceipt (signature: Uint8Array, message: Uint8Array, key: KeyObject, networkId: Uint8Array): boolean {
  return verifyFields(key, { purpose: 'receipt', version: RECEIPT_VERSION, networkId }, [sha256(message)], signature)
}

function sha256 (bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
