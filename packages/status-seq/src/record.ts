import { createHash } from 'node:crypto'
import { Certificate, isNodeId, MAX_CHAIN_BYTES, MAX_CHAIN_LENGTH, MAX_INCARNATION_LEAD, nodeIdFromPublicKey, publicKeyFromKeyObject, verifyFields } from '@fisco-libp2p/identity'
import { fromString, toString } from 'uint8arrays'
import { MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES, RECORD_VERSION } from './constants.ts'
import { compareNames, nameFault, valueFault } from './entries.ts'
import { ForgedRecordError, MalformedStatusError, RecordRefusedError } from './errors.ts'
import * as pb from './pb/messages.ts'
import type { Version } from './merge.ts'
import type { Identity, NodeId, TrustStore } from '@fisco-libp2p/identity'

/**
 * What a record says, before anything about it is proven.
 */
export interface RecordFields {
  /**
   * The owner.
   */
  nodeId: NodeId
  incarnation: number
  seq: number
  entries: ReadonlyMap<string, Uint8Array>
}

/**
 * The status of a node, verified. Shared with everyone who asks for it: do not change it.
 */
export interface StatusRecord extends RecordFields {
  /**
   * The owner's certificate.
   */
  certificate: Certificate

  /**
   * The owner's certificate and the agencies above it, without the root.
   */
  chain: readonly Certificate[]
}

/**
 * A record as it travels: what its owner signed, and what proves it.
 */
export interface SignedRecord {
  /**
   * The encoded record.
   */
  bytes: Uint8Array
  signature: Uint8Array

  /**
   * Certificates in DER, the owner's first.
   */
  chain: readonly Uint8Array[]
}

/**
 * A record that is proven, as the table keeps it.
 */
export interface SealedRecord extends SignedRecord, Version {
  nodeId: NodeId
  record: StatusRecord

  /**
   * When the first certificate of its chain expires, unix milliseconds.
   */
  validUntil: number
}

/**
 * What a record is judged by.
 */
export interface RecordContext {
  trust: TrustStore
  networkId: Uint8Array

  /**
   * A record of the same node that was proven under the same trust: where the chain is the same, it is not judged again.
   */
  known?: SealedRecord
}

/**
 * Encodes what a record says: the bytes that its owner signs.
 */
export function encodeRecord (fields: RecordFields): Uint8Array {
  return pb.Record.encode({
    version: RECORD_VERSION,
    nodeId: fromString(fields.nodeId, 'hex'),
    incarnation: BigInt(fields.incarnation),
    seq: BigInt(fields.seq),
    entries: [...fields.entries].sort(([a], [b]) => compareNames(a, b)).map(([name, value]) => ({ name, value: new Uint8Array(value) }))
  })
}

/**
 * Decodes what a record says. Total: any bytes give fields or an error.
 *
 * @throws MalformedStatusError if the bytes are no record, or one that breaks a limit
 * @throws RecordRefusedError with rule `version` if they are one of a later format
 */
export function decodeRecord (bytes: Uint8Array): RecordFields {
  if (bytes.byteLength > MAX_RECORD_BYTES) {
    throw new MalformedStatusError(`A record has ${bytes.byteLength} bytes; at most ${MAX_RECORD_BYTES} are allowed`)
  }

  const message = decodeWith(() => pb.Record.decode(bytes))

  if (message.version < 1) {
    throw new MalformedStatusError('A record has no version')
  }

  if (message.version > RECORD_VERSION) {
    throw new RecordRefusedError('version', `A record has version ${message.version}, and this node knows version ${RECORD_VERSION} only: upgrade it`)
  }

  return {
    nodeId: toNodeId(message.nodeId),
    incarnation: toCount(message.incarnation, 'incarnation'),
    seq: toCount(message.seq, 'seq'),
    entries: toEntries(message.entries)
  }
}

/**
 * Signs a node's own record. Records with the same certificates have the same `chain`.
 */
export function sealRecord (identity: Identity, fields: Omit<RecordFields, 'nodeId'>): SealedRecord {
  const record: StatusRecord = {
    nodeId: identity.nodeId,
    incarnation: fields.incarnation,
    seq: fields.seq,
    entries: new Map(fields.entries),
    certificate: identity.certificate,
    chain: identity.chain
  }

  const bytes = encodeRecord(record)

  return seal(record, { bytes, signature: identity.sign('status', RECORD_VERSION, [bytes]), chain: chainOf(identity) })
}

/**
 * Proves a record: the chain is trusted, its first certificate has the owner's key, and that key signed the record for this
 * network.
 *
 * @param fields - what {@link decodeRecord} read from it
 * @throws MalformedStatusError if the chain or the signature cannot be read
 * @throws ForgedRecordError if the owner did not sign it
 * @throws RecordRefusedError with rule `untrusted` or `future`
 */
export function openRecord (fields: RecordFields, signed: SignedRecord, context: RecordContext): SealedRecord {
  const now = context.trust.now()

  if (fields.incarnation > now + MAX_INCARNATION_LEAD) {
    throw new RecordRefusedError('future', `The record of node ${fields.nodeId} has incarnation ${fields.incarnation}, more than 24 hours ahead: check the clocks of both nodes`)
  }

  if (signed.signature.byteLength > MAX_SIGNATURE_BYTES) {
    throw new MalformedStatusError(`A signature has ${signed.signature.byteLength} bytes; at most ${MAX_SIGNATURE_BYTES} are allowed`)
  }

  const known = isSameChain(signed.chain, context.known, now) ? context.known : undefined
  const chain = known?.record.chain ?? proveChain(fields.nodeId, signed.chain, context.trust)

  if (!verifyFields(chain[0].publicKey, { purpose: 'status', version: RECORD_VERSION, networkId: context.networkId }, [signed.bytes], signed.signature)) {
    throw new ForgedRecordError(`A record of node ${fields.nodeId} is not signed by it for this network`)
  }

  return seal({ ...fields, certificate: chain[0], chain }, { ...signed, chain: known?.chain ?? signed.chain })
}

/**
 * SHA-256 in lower-case hex.
 */
export function hashOf (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Runs a generated decoder, whatever it throws.
 *
 * @throws MalformedStatusError
 */
export function decodeWith <T> (decode: () => T): T {
  try {
    return decode()
  } catch (err) {
    throw new MalformedStatusError(`The bytes are no message of this protocol: ${err.message}`)
  }
}

/**
 * A number that a neighbour sent, 1 to 2^53 - 1.
 *
 * @throws MalformedStatusError
 */
export function toCount (value: bigint, name: string): number {
  if (value < 1n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new MalformedStatusError(`${name} is ${value}; 1 to ${Number.MAX_SAFE_INTEGER} are allowed`)
  }

  return Number(value)
}

/**
 * A node ID that a neighbour sent.
 *
 * @throws MalformedStatusError
 */
export function toNodeId (bytes: Uint8Array): NodeId {
  const nodeId = toString(bytes, 'hex')

  if (!isNodeId(nodeId)) {
    throw new MalformedStatusError(`A node ID has ${bytes.byteLength} bytes, which no key has`)
  }

  return nodeId
}

function toEntries (entries: pb.Entry[]): ReadonlyMap<string, Uint8Array> {
  let last: string | undefined

  for (const { name, value } of entries) {
    const fault = nameFault(name) ?? valueFault(value)

    if (fault != null) {
      throw new MalformedStatusError(`An entry of a record breaks a limit: ${fault}`)
    }

    if (last != null && compareNames(last, name) >= 0) {
      throw new MalformedStatusError('The entries of a record are not in ascending order')
    }

    last = name
  }

  return new Map(entries.map(({ name, value }) => [name, value]))
}

function seal (record: StatusRecord, signed: SignedRecord): SealedRecord {
  return {
    nodeId: record.nodeId,
    incarnation: record.incarnation,
    seq: record.seq,
    hash: hashOf(signed.bytes),
    record,
    bytes: signed.bytes,
    signature: signed.signature,
    chain: signed.chain,
    validUntil: Math.min(...record.chain.map(certificate => certificate.notAfter))
  }
}

/**
 * @param known - whose chain has been proven
 */
function isSameChain (chain: readonly Uint8Array[], known: SealedRecord | undefined, now: number): boolean {
  if (known == null || now > known.validUntil) {
    return false
  }

  return chain === known.chain || (chain.length === known.chain.length && chain.every((der, i) => Buffer.compare(der, known.chain[i]) === 0))
}

const chains = new WeakMap<Identity['chain'], readonly Uint8Array[]>()

function chainOf ({ chain }: Identity): readonly Uint8Array[] {
  const ders = chains.get(chain) ?? chain.map(certificate => certificate.der)
  chains.set(chain, ders)

  return ders
}

function proveChain (nodeId: NodeId, chain: readonly Uint8Array[], trust: TrustStore): readonly Certificate[] {
  const bytes = chain.reduce((sum, der) => sum + der.byteLength, 0)

  if (chain.length === 0 || chain.length > MAX_CHAIN_LENGTH || bytes > MAX_CHAIN_BYTES) {
    throw new MalformedStatusError(`A certificate chain has ${chain.length} certificates and ${bytes} bytes; 1 to ${MAX_CHAIN_LENGTH} and ${MAX_CHAIN_BYTES} are allowed`)
  }

  const certificates = decodeWith(() => chain.map(der => new Certificate(der)))
  const certified = nodeIdOf(certificates[0])

  if (certified !== nodeId) {
    throw new ForgedRecordError(`A record of node ${nodeId} came with the certificate of node ${certified}`)
  }

  try {
    trust.judge(certificates)
  } catch (err) {
    throw new RecordRefusedError('untrusted', `The record of node ${nodeId} is not taken: ${err.message}`, { cause: err })
  }

  return certificates
}

function nodeIdOf (certificate: Certificate): NodeId {
  try {
    return nodeIdFromPublicKey(publicKeyFromKeyObject(certificate.publicKey))
  } catch (err) {
    throw new ForgedRecordError(`A record came with a certificate that cannot be a node's: ${err.message}`)
  }
}
