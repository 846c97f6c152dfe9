import { formatConfig } from './config-template.ts'
import {
  AGENCY_CERT, AGENCY_DIR, AGENCY_KEY, CA_CERT, CA_KEY, CONF_DIR, CONFIG, INDEX, INDEX_ATTRIBUTES, ISSUED_DIR, NODE_CERT, NODE_ID, NODE_KEY, NODES_DIR
} from './constants.ts'
import { formatIndex, indexEntry } from './index-file.ts'
import type { CertificateAuthority, Issued, IssuedNode } from './authority.ts'
import type { Endpoint } from './config-template.ts'

/**
 * One file of a chain's folder.
 */
export interface LayoutFile {
  /**
   * Relative to the chain's folder, with `/` between its parts.
   */
  path: string
  content: string

  /**
   * Whether it holds a private key: then nobody but its owner may read it.
   */
  secret: boolean
}

/**
 * A node and where it will live.
 */
export interface PlacedNode {
  node: IssuedNode
  listenIp: string

  /**
   * Where the others reach it. It listens on the same port.
   */
  endpoint: Endpoint
}

/**
 * What a chain's folder is made of.
 */
export interface ChainParts {
  ca: CertificateAuthority
  agency: CertificateAuthority
  nodes: readonly PlacedNode[]
  chainId: number
}

/**
 * All files of a chain's folder, as FISCO BCOS lays them out, and an issuing index for each of the two CAs.
 */
export function chainLayout ({ ca, agency, nodes, chainId }: ChainParts): LayoutFile[] {
  const endpoints = nodes.map(({ endpoint }) => endpoint)

  return [
    open(CA_CERT, ca.leaf),
    secret(CA_KEY, ca.key),
    ...issuingIndex('', [agency]),
    open(`${AGENCY_DIR}/${CA_CERT}`, ca.leaf),
    open(`${AGENCY_DIR}/${AGENCY_CERT}`, agency.leaf),
    secret(`${AGENCY_DIR}/${AGENCY_KEY}`, agency.key),
    ...issuingIndex(`${AGENCY_DIR}/`, nodes.map(({ node }) => node)),
    ...nodes.flatMap(placed => nodeLayout(placed, endpoints, chainId))
  ]
}

function nodeLayout ({ node, listenIp, endpoint }: PlacedNode, nodes: readonly Endpoint[], chainId: number): LayoutFile[] {
  const folder = `${NODES_DIR}/${node.name}`
  const conf = `${folder}/${CONF_DIR}`

  return [
    open(`${folder}/${CONFIG}`, formatConfig({ name: node.name, listenIp, listenPort: endpoint.port, nodes, chainId })),
    secret(`${conf}/${NODE_KEY}`, node.key),
    open(`${conf}/${NODE_CERT}`, nodeCertificates(node)),
    open(`${conf}/${CA_CERT}`, node.root),
    open(`${conf}/${NODE_ID}`, `${node.nodeId}\n`)
  ]
}

/**
 * What stands in `node.crt`: FISCO BCOS's tools append the root as well.
 */
export function nodeCertificates (node: IssuedNode): string {
  return node.cert + node.root
}

/**
 * What `openssl ca` calls the database of a CA: the index, its attributes, and a copy of every certificate. Node ID,
 * issuer and the first day of validity stand in the copies.
 */
function issuingIndex (folder: string, issued: readonly Issued[]): LayoutFile[] {
  return [
    open(`${folder}${INDEX}`, formatIndex(issued.map(one => indexEntry(one, copyOf(one.serial))))),
    // a renewed certificate has the subject of the one before
    open(`${folder}${INDEX_ATTRIBUTES}`, 'unique_subject = no\n'),
    ...issued.map(one => open(folder + copyOf(one.serial), one.leaf))
  ]
}

/**
 * Where the copy of a certificate lies, relative to the index.
 *
 * @param serial - upper-case hex
 */
export function copyOf (serial: string): string {
  return `${ISSUED_DIR}/${serial}.pem`
}

function open (path: string, content: string): LayoutFile {
  return { path, content, secret: false }
}

function secret (path: string, content: string): LayoutFile {
  return { path, content, secret: true }
}
