/**
 * @packageDocumentation
 *
 * Issues the certificates of a consortium: a chain CA, agencies below it, and nodes below those, with the subjects,
 * extensions and files of FISCO BCOS's own tools. What it issues satisfies `openssl verify` and FISCO BCOS 2.x
 * (secp256k1), as well as TLS 1.3 (Ed25519, RSA). Adds nodes, renews and revokes what it issued: the chain's folder is a database of
 * `openssl ca` as well.
 *
 * @example A whole chain in a folder
 *
 * ```typescript
 * import { verifyChain, writeChain } from '@fisco-libp2p/ca'
 *
 * const chain = await writeChain({ output: 'my-chain', nodes: 4, agency: 'agencyA' })
 *
 * for (const node of chain.nodes) {
 *   node.config // …/my-chain/nodes/node0/config.ini
 *   node.nodeId // 'f3a1…'
 * }
 *
 * // later: is it whole, and valid today?
 * const nodes = await verifyChain('my-chain')
 * ```
 *
 * @example One more node
 *
 * ```typescript
 * import { addNode, formatConfig } from '@fisco-libp2p/ca'
 *
 * const nodes = [{ host: '127.0.0.1', port: 30300 }, { host: '127.0.0.1', port: 30304 }]
 * const node = await addNode({
 *   chain: 'my-chain',
 *   name: 'node4',
 *   files: () => ({ config: formatConfig({ name: 'node4', listenIp: '127.0.0.1', listenPort: 30304, nodes, chainId: 1 }) })
 * })
 *
 * node.dir // …/my-chain/nodes/node4
 * ```
 *
 * @example Renew and revoke
 *
 * ```typescript
 * import { publishCrl, renew, revoke } from '@fisco-libp2p/ca'
 *
 * // a new certificate for the same key, in node0's conf/node.crt
 * await renew({ chain: 'my-chain', node: 'node0', days: 365 })
 *
 * // all certificates that node1 ever got
 * const { crls, deny } = await revoke({ chain: 'my-chain', node: 'node1', reason: 'keyCompromise' })
 *
 * crls[0].file // …/my-chain/agency/agency.crl
 * deny // ['crl.0=<node ID>', 'serial.0=<issuer key hash>:<serial>']
 *
 * // before crls[0].nextUpdate
 * await publishCrl({ chain: 'my-chain' })
 * ```
 *
 * @example In memory
 *
 * ```typescript
 * import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
 * import { createIdentity } from '@fisco-libp2p/identity'
 *
 * const ca = await createChainCa({ keyType: 'ed25519' })
 * const agency = await createAgency(ca, { name: 'agencyA' })
 * const node = await issueNode(agency, { name: 'node0', days: 365 })
 *
 * const identity = createIdentity({ key: node.key, cert: node.cert, ca: ca.cert })
 * ```
 */

export { addNode } from './add-node.ts'
export { createAgency, createChainCa, issueNode } from './authority.ts'
export { writeChain } from './chain.ts'
export { formatConfig, formatEndpoint } from './config-template.ts'
export { BACKDATE, DEFAULT_CRL_DAYS, DEFAULT_DAYS, DEFAULT_NODES, DEFAULT_PORT, MAX_CRL_DAYS, MAX_DAYS, MAX_NAME_LENGTH, MAX_NODES, MAX_PORT, MIN_PORT, REVOCATION_REASONS } from './constants.ts'
export { createCrl } from './crl.ts'
export { ChainExistsError, ChainLockedError, ChainNotFoundError, InvalidChainError, InvalidParametersError, PassphraseError } from './errors.ts'
export { formatIndex, indexEntry, parseIndex } from './index-file.ts'
export { nodeFolders } from './node-folders.ts'
export { openAuthority } from './open.ts'
export { renew } from './renew.ts'
export { publishCrl, revoke } from './revoke.ts'
export { verifyChain } from './verify.ts'

export type { AddedNode, AddNodeOptions, NodeFolderFiles } from './add-node.ts'
export type { AgencyOptions, CertificateAuthority, ChainCaOptions, Issued, IssuedNode, IssueOptions, NodeOptions } from './authority.ts'
export type { ValidityOptions } from './certificate.ts'
export type { WriteChainOptions, WrittenChain, WrittenNode } from './chain.ts'
export type { Endpoint, NodeConfig } from './config-template.ts'
export type { CertificateRevocationList, CrlEntry, CrlOptions, CrlReason } from './crl.ts'
export type { Role } from './extensions.ts'
export type { IndexEntry } from './index-file.ts'
export type { IssuerName } from './issuer-files.ts'
export type { KeySource, KeyType } from './keys.ts'
export type { WrittenCrl } from './next-crl.ts'
export type { AuthorityPem } from './open.ts'
export type { RenewedNode, RenewOptions } from './renew.ts'
export type { CrlFileOptions, PublishCrlOptions, Revocation, RevocationReason, RevokedCertificate, RevokeOptions } from './revoke.ts'
export type { VerifiedNode, VerifyChainOptions } from './verify.ts'
