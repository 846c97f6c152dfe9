import { openRecord, sealRecord } from './record.ts'
import type { RecordFields, SealedRecord, SignedRecord, StatusRecord } from './record.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'

/**
 * Signs the records of one node, and proves those of others: what the rules of the exchange need of keys and certificates. A simulation has its own.
 */
export interface Notary {
  readonly nodeId: NodeId

  /**
   * Unix milliseconds.
   */
  now (): number

  /**
   * A record of this node, without a signature.
   */
  describe (fields: Omit<RecordFields, 'nodeId'>): StatusRecord

  /**
   * Signs a record of this node.
   */
  seal (fields: Omit<RecordFields, 'nodeId'>): SealedRecord

  /**
   * Proves a record.
   *
   * @param fields - what {@link decodeRecord} read from it
   * @param known - a record of the same node that was proven before
   * @throws MalformedStatusError, ForgedRecordError, RecordRefusedError; see {@link openRecord}
   */
  open (fields: RecordFields, signed: SignedRecord, known?: SealedRecord): SealedRecord

  /**
   * Whether the chain of a record is trusted now.
   */
  trusts (sealed: SealedRecord): boolean
}

/**
 * The notary of a node with keys and certificates.
 */
export function identityNotary (identity: Identity): Notary {
  const { nodeId, trust, networkId } = identity

  return {
    nodeId,
    now: () => trust.now(),
    describe: fields => ({ ...fields, nodeId, certificate: identity.certificate, chain: identity.chain }),
    seal: fields => sealRecord(identity, fields),
    open: (fields, signed, known) => openRecord(fields, signed, { trust, networkId, known }),
    trusts: ({ record }) => {
      try {
        trust.judge(record.chain)

        return true
      } catch {
        return false
      }
    }
  }
}
