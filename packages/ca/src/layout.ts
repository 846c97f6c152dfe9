import { formatConfig } from './config-template.ts'
import {
  AGENCY_CERT, AGENCY_DIR, AGENCY_KEY, CA_CERT, CA_KEY, CONF_DIR, CONFIG, INDEX, INDEX_ATTRIBUTES, ISSUED_DIR, NODE_CERT, NODE_ID, NODE_KEY, NODES_DIR
} from './constants.ts'
import { formatIndex, indexEntry } from './index-file.ts'
import type { CertificateAuthority, Issued, IssuedNode } from './authority.ts'
import type { Endpoint } from './config-template.ts'

/**
 * One file of a chain's folder, or of a node's.
 */
export interface LayoutFile {
  /**
   * Relative to the folder, with `/` between its parts.
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
    ...nodes.flatMap(({ node, listenIp, endpoint }) => {
      const config = formatConfig({ name: node.name, listenIp, listenPort: endpoint.port, nodes: endpoints, chainId })

      return nodeFiles(node, { config, ca: node.root }).map(file => ({ ...file, path: `${NODES_DIR}/${node.name}/${file.path}` }))
    })
  ]
}

/**
 * All files of a node's folder. There is no key where it was made elsewhere.
 *
 * @param parts - the text of its `config.ini`, and the CAs that it trusts
 */
export function nodeFiles (node: IssuedNode, { config, ca }: { config: string, ca: string }): LayoutFile[] {
  return [
    open(CONFIG, config),
    ...node.key === '' ? [] : [secret(`${CONF_DIR}/${NODE_KEY}`, node.key)],
    open(`${CONF_DIR}/${NODE_CERT}`, nodeCertificates(node)),
    open(`${CONF_DIR}/${CA_CERT}`, ca),
    open(`${CONF_DIR}/${NODE_ID}`, `${node.nodeId}\n`)
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
