import { sameKey } from '@fisco-libp2p/identity'
import { InvalidParametersError } from './errors.ts'
import { issuerCertificate, issuerFiles, nodeIdOf } from './issuer-files.ts'
import type { IndexedCertificate } from './issuer-files.ts'
import type { Certificate, NodeId } from '@fisco-libp2p/identity'

/**
 * Fewest digits of a node ID that stand for a node: what people read off a table.
 */
export const MIN_PREFIX = 8

const OID_COMMON_NAME = '2.5.4.3'

/**
 * A certificate of an index whose copy could be read.
 */
export interface FoundCertificate extends IndexedCertificate {
  certificate: Certificate
}

/**
 * All certificates of one node, under whatever name: those with the same public key.
 *
 * @param node - a name, or a node ID, or the beginning of one
 * @throws InvalidParametersError unless it is one node
 */
export function findNode (issued: readonly IndexedCertificate[], node: string): FoundCertificate[] {
  const nodes = issued.filter(isFound).filter(({ nodeId }) => nodeId != null)
  const named = nodes.filter(({ certificate }) => exactCommonName(certificate) === node)
  const id = chooseNode(node, (named.length > 0 ? named : nodes).map(({ nodeId = '' }) => nodeId), named.length > 0)

  if (id == null) {
    throw new InvalidParametersError(`no certificate of a node "${node}" is in the issuing index: give its name, or its node ID or at least the first ${MIN_PREFIX} digits of that${lostCopies(issued)}`)
  }

  return nodes.filter(({ nodeId }) => nodeId === id)
}

/**
 * The node that a text stands for, undefined if there is none.
 *
 * @param named - whether the text is the name of all of them already
 * @throws InvalidParametersError if there are several
 */
export function chooseNode (text: string, nodeIds: readonly NodeId[], named: boolean): NodeId | undefined {
  const prefix = text.toLowerCase().replace(/^0x/, '')
  const fits = (id: NodeId): boolean => named || (prefix.length >= MIN_PREFIX && id.startsWith(prefix))
  const ids = [...new Set(nodeIds.filter(fits))]

  if (ids.length > 1) {
    throw new InvalidParametersError(`${ids.length} nodes are called "${text}" or have a node ID that begins so: give the node ID (${ids.slice(0, 4).join(', ')}${ids.length > 4 ? ', …' : ''})`)
  }

  return ids[0]
}

/**
 * All certificates with the key of the one in a file, of a node or of an agency. It must be in an index itself.
 *
 * @param chain - the chain's folder
 * @throws InvalidParametersError if it is in no index
 */
export async function findByCertificate (issued: readonly IndexedCertificate[], certificate: Certificate, chain: string): Promise<FoundCertificate[]> {
  const known = await Promise.all(issued.map(async one => {
    return await isThis(one, certificate, chain) ? { ...one, certificate, nodeId: nodeIdOf(certificate) } : one
  }))

  if (!known.some(one => one.certificate?.equals(certificate))) {
    throw new InvalidParametersError(`the certificate of ${certificate.subject} (serial ${certificate.serial}) is in no issuing index of this chain: have it revoked by who issued it, ${certificate.issuer}`)
  }

  return known.filter(isFound).filter(one => sameKey(one.certificate.publicKey, certificate.publicKey))
}

/**
 * Whether a line of an index is about a certificate. Where its copy is lost, the serial number and the issuer's signature tell.
 */
async function isThis (one: IndexedCertificate, certificate: Certificate, chain: string): Promise<boolean> {
  if (one.certificate != null || one.entry.serial !== certificate.serial.toUpperCase()) {
    return false
  }

  return certificate.isSignedBy(await issuerCertificate(issuerFiles(chain, one.issuer)))
}

/**
 * The common name as it stands in the certificate, where `Certificate.commonName` is made fit for a log.
 */
export function exactCommonName (certificate: Certificate): string {
  return certificate.fields.subject.rdns.flat().find(({ type }) => type === OID_COMMON_NAME)?.text ?? ''
}

function isFound (one: IndexedCertificate): one is FoundCertificate {
  return one.certificate != null
}

function lostCopies (issued: readonly IndexedCertificate[]): string {
  const lost = issued.filter(one => !isFound(one))

  return lost.length === 0 ? '' : `. The copies of ${lost.length} certificates cannot be read, ${lost[0].file} for instance: bring them back, or give the certificate's file`
}
