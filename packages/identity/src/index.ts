/**
 * @packageDocumentation
 *
 * Who a node is. A node of a consortium chain is identified by the public key in the certificate that the consortium's
 * CA issued to it; this package reads the three files that FISCO BCOS's tools write, checks them against each other,
 * and gives the node ID, the libp2p PeerId (another spelling of the same key) and the trust store that judges the
 * certificates of others.
 *
 * @example Load an identity
 *
 * ```typescript
 * import { loadIdentity, nodeIdToPeerId } from '@fisco-libp2p/identity'
 *
 * const identity = await loadIdentity({
 *   key: 'conf/node.key',
 *   cert: 'conf/node.crt',
 *   ca: 'conf/ca.crt'
 * })
 *
 * identity.nodeId // 'f3a1…', 128 hex digits for a secp256k1 key
 * identity.peerId.equals(nodeIdToPeerId(identity.nodeId)) // true
 * ```
 */

export { Certificate, certificatesFromPem, certificatesToPem, printable } from './certificate.ts'
export { MAX_CHAIN_BYTES, MAX_CHAIN_LENGTH, MAX_INCARNATION_LEAD } from './constants.ts'
export { decodeDer } from './der.ts'
export { CertificateRefusedError, IdentityError, InvalidDerError, InvalidNodeIdError } from './errors.ts'
export { Identity, identityOf, networkIdOf } from './identity.ts'
export { Incarnation, incarnationOf } from './incarnation.ts'
export { dialledBySmaller, preferredConnection } from './links.ts'
export { createIdentity, loadIdentity } from './load.ts'
export { abbreviate, isNodeId, nodeIdFromPublicKey, nodeIdToPeerId, parseNodeId, peerIdToNodeId, publicKeyFromKeyObject, publicKeyFromNodeId } from './node-id.ts'
export { describePeer, getPeerCertificate, setPeerCertificate } from './peer-certificate.ts'
export { SIGNATURE_PURPOSES, signatureInput, signFields, verifyFields } from './signature.ts'
export { TrustStore } from './trust-store.ts'

export type { DerNode } from './der.ts'
export type { CertificateRefusal, CertificateRule, IdentityRule } from './errors.ts'
export type { IdentityEvents, IdentityParts, TlsProfile } from './identity.ts'
export type { IdentityFiles, IdentityInit, IdentityPem } from './load.ts'
export type { NodeId } from './node-id.ts'
export type { HandshakeRejection, PeerCertificate, SecuredBy } from './peer-certificate.ts'
export type { SignatureContext, SignaturePurpose } from './signature.ts'
export type { CertificateRole, TrustStoreEvents, Verdict } from './trust-store.ts'
