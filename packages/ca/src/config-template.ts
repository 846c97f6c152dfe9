import { isIPv6 } from 'node:net'
import { CA_CERT, CONF_DIR, NODE_CERT, NODE_KEY } from './constants.ts'

/**
 * Where a node can be reached.
 */
export interface Endpoint {
  /**
   * IP address (IPv6 without brackets) or host name.
   */
  host: string
  port: number
}

/**
 * What stands in a node's `config.ini`.
 */
export interface NodeConfig {
  /**
   * Name of the node, for the comment at the top.
   */
  name: string
  listenIp: string
  listenPort: number

  /**
   * All nodes of the network. The node itself may be among them; it does not dial itself.
   */
  nodes: readonly Endpoint[]

  /**
   * Keeps networks under one CA apart.
   */
  chainId: number
}

/**
 * An endpoint as `config.ini` has it: `127.0.0.1:30300`, `[::1]:30300`, `node.example.org:30300`.
 */
export function formatEndpoint ({ host, port }: Endpoint): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/**
 * The text of a node's `config.ini`, with FISCO BCOS's sections and names.
 */
export function formatConfig (config: NodeConfig): string {
  return `; Settings of ${config.name}. Lines that begin with a semicolon are comments.

[p2p]
    ; the address that this node listens on: 0.0.0.0 or :: for all, 127.0.0.1 for this machine only
    listen_ip=${config.listenIp}
    listen_port=${config.listenPort}
    ; the nodes that this one connects to, and connects to again when they were gone, each as
    ; node.N=IP:port, node.N=[IPv6]:port or node.N=name:port; its own address does no harm
${config.nodes.map((endpoint, i) => `    node.${i}=${formatEndpoint(endpoint)}\n`).join('')}
[certificate_blacklist]
    ; nodes that are refused although their certificate is good, by node ID (the text in their
    ; ${CONF_DIR}/node.nodeid); the blacklist wins over the whitelist
    ;crl.0=<node ID>
    ;crl.1=<node ID>
    ; single certificates, as "fisco-p2p cert revoke" prints them
    ;serial.0=<SHA-256 of the issuer's key>:<serial number>

[certificate_whitelist]
    ; the only nodes that are accepted, by node ID; without an entry, every node with a good certificate is
    ;cal.0=<node ID>
    ;cal.1=<node ID>

[network_security]
    ; the folder of the files below, seen from this file
    data_path=./${CONF_DIR}
    ; the private key of this node: keep it secret
    key=${NODE_KEY}
    ; its certificate, and those of the CAs above it
    cert=${NODE_CERT}
    ; the CAs whose nodes this one trusts
    ca_cert=${CA_CERT}
    ; lists of revoked certificates. From then on certificates of their issuers are accepted only as
    ; long as the list is not out of date; what it revokes, all nodes learn from this one
    ;crl.0=agency.crl

[chain]
    ; networks with different IDs do not connect, even under the same CA
    id=${config.chainId}
    ; needed where ca_cert changes while the network runs; "fisco-p2p info" shows it
    ;network_id=<64 hex digits>
`
}
