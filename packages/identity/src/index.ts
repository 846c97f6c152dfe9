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
 *
 * @example Judge a chain
 *
 * A chain is judged by path validation (RFC 5280), under one of two named policies: `rfc5280`, or `fisco`, which lets four
 * things pass that FISCO BCOS's tools write. Which one follows from the trusted CA, unless it is given. A refusal names
 * the rule, the certificate and what to do.
 *
 * ```typescript
 * import { readFile } from 'node:fs/promises'
 * import { CertificateRefusedError, certificatesFromPem, TrustStore } from '@fisco-libp2p/identity'
 *
 * const read = async (file: string) => certificatesFromPem(await readFile(file, 'utf8'))
 * const store = new TrustStore(await read('conf/ca.crt'))
 *
 * try {
 *   const { path, anchor, policy } = store.judge(await read('peer.crt'), 'server')
 *
 *   path.map(certificate => certificate.subject) // ['CN=node0, O=fisco-bcos, OU=node', 'CN=agency, ...']
 *   anchor.subject // 'CN=chain, O=fisco-bcos, OU=chain'
 *   policy // 'fisco'
 * } catch (err) {
 *   if (err instanceof CertificateRefusedError) {
 *     err.rule // 'expired'
 *     err.hint // 'have it renewed, or check the clock'
 *   }
 * }
 * ```
 */

export { BoundedMap } from './bounded-map.ts'
export { Certificate, certificatesFromPem, certificatesToPem } from './certificate.ts'
export { DEFAULT_MAX_DEPTH, DEFAULT_MAX_STEPS, MAX_CHAIN_BYTES, MAX_CHAIN_LENGTH, MAX_CRL_BYTES, MAX_CRL_LEAD, MAX_CRLS, MAX_INCARNATION_LEAD, MAX_ISSUERS, MAX_REVOKED_SERIALS, MAX_SUBORDINATE_ISSUERS } from './constants.ts'
export { supersedes } from './crl-position.ts'
export { Crl, crlsFromFile } from './crl.ts'
export { decodeDer } from './der.ts'
export { CertificateRefusedError, CrlRefusedError, IdentityError, InvalidDerError, InvalidNodeIdError } from './errors.ts'
export { Identity, identityOf, networkIdOf } from './identity.ts'
export { Incarnation, incarnationOf } from './incarnation.ts'
export { dialledBySmaller, preferredConnection } from './links.ts'
export { createIdentity, loadIdentity, readIdentityFiles, reloadIdentity } from './load.ts'
export { printable } from './name.ts'
export { abbreviate, isNodeId, nodeIdFromPublicKey, nodeIdToPeerId, parseNodeId, peerIdToNodeId, publicKeyFromKeyObject, publicKeyFromNodeId } from './node-id.ts'
export { describePeer, getPeerCertificate, setPeerCertificate } from './peer-certificate.ts'
export { LineBudget } from './line-budget.ts'
export { PeerLog } from './peer-log.ts'
export { policyFor } from './policy.ts'
export { getReceivedBytes, isHeard, setReceivedBytes } from './received-bytes.ts'
export { sameKey } from './same-key.ts'
export { SIGNATURE_PURPOSES, signatureInput, signFields, verifyFields, verifyFieldsOffThread } from './signature.ts'
export { TrustStore } from './trust-store.ts'
export { validateChain } from './validate.ts'

export type { CertificateFields } from './certificate-fields.ts'
export type { CrlFields } from './crl-fields.ts'
export type { CrlPosition } from './crl-position.ts'
export type { DerNode } from './der.ts'
export type { CertificateRefusal, CertificateRule, CrlRule, IdentityRule } from './errors.ts'
export type { Extension, KnownExtensions, NameConstraints } from './extensions.ts'
export type { CrlFile } from './files.ts'
export type { GeneralName } from './general-name.ts'
export type { IdentityEvents, IdentityParts, TlsProfile } from './identity.ts'
export type { KeyInfo } from './key-info.ts'
export type { IdentityChanges, IdentityFiles, IdentityInit, IdentityPem } from './load.ts'
export type { Name, NameAttribute } from './name.ts'
export type { NodeId } from './node-id.ts'
export type { HandshakeRejection, HandshakeVerification, PeerCertificate, SecuredBy } from './peer-certificate.ts'
export type { PolicyChoice, PolicyName } from './policy.ts'
export type { CrlSource, HeldCrl, SerialDenial } from './revocations.ts'
export type { SignatureContext, SignaturePurpose } from './signature.ts'
export type { TrustChange, TrustStoreEvents, TrustStoreOptions, TrustUpdate } from './trust-store.ts'
export type { CertificateRole, ValidateOptions, Verdict } from './validate.ts'
