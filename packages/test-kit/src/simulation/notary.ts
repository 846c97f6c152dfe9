import { createHash } from 'node:crypto'
import { encodeRecord, ForgedRecordError, hashOf } from '@fisco-libp2p/status-seq'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { Notary, RecordFields, SealedRecord, StatusRecord } from '@fisco-libp2p/status-seq'

/**
 * Bytes of a signature with a secp256k1 key, as DER.
 */
const SIGNATURE_BYTES = 71

/**
 * Makes notaries for thousands of simulated nodes. Records are encoded and hashed as they are in reality; signatures are hashes that anybody could
 * make, and all nodes show the chain of one identity: what is simulated is who tells what to whom, not cryptography.
 */
export class SimulatedNotaries {
  readonly #identity: Identity
  readonly #chain: readonly Uint8Array[]

  // all nodes hold the same objects, so that a thousand tables of a thousand records fit into memory
  readonly #sealed = new Map<string, WeakRef<SealedRecord>>()

  constructor (identity: Identity) {
    this.#identity = identity
    this.#chain = identity.chain.map(({ der }) => der)
  }

  /**
   * @param name - of which the node ID is made
   * @param now - unix milliseconds
   */
  create (name: string, now: () => number): Notary {
    const nodeId = createHash('sha512').update(name).digest('hex')
    const { certificate, chain } = this.#identity
    const describe = (fields: Omit<RecordFields, 'nodeId'>): StatusRecord => ({ ...fields, nodeId, certificate, chain })

    return {
      nodeId,
      now,
      describe,
      seal: fields => {
        const record = describe(fields)
        const bytes = encodeRecord(record)

        return this.#seal(record, bytes, signature(nodeId, bytes))
      },
      open: (fields, signed) => {
        if (Buffer.compare(signed.signature, signature(fields.nodeId, signed.bytes)) !== 0) {
          throw new ForgedRecordError(`A record of node ${fields.nodeId} is not signed by it`)
        }

        return this.#sealed.get(hashOf(signed.bytes))?.deref() ?? this.#seal({ ...fields, certificate, chain }, signed.bytes, signed.signature)
      },
      trusts: () => true
    }
  }

  #seal (record: StatusRecord, bytes: Uint8Array, signature: Uint8Array): SealedRecord {
    const { nodeId, incarnation, seq } = record
    const sealed = { nodeId, incarnation, seq, hash: hashOf(bytes), record, bytes, signature, chain: this.#chain, validUntil: Infinity }
    this.#sealed.set(sealed.hash, new WeakRef(sealed))

    return sealed
  }
}

function signature (nodeId: NodeId, bytes: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(nodeId).update(bytes).digest()

  return Buffer.concat([hash, Buffer.alloc(SIGNATURE_BYTES - hash.byteLength)])
}
