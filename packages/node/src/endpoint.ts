import { isIPv4, isIPv6 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Host name as RFC 1123 has it, with the underscore that container networks use.
 */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i

/**
 * The multiaddr of an endpoint as `config.ini` writes it: `127.0.0.1:30300`, `[::1]:30300` or `node.example.org:30300`.
 * Nodes speak TLS from the first byte, so it ends in `/tls`. A multiaddr is taken as it is, for one that has a peer ID:
 * `/ip4/10.0.0.2/tcp/30300/tls/p2p/16Uiu2...`.
 *
 * @throws Error that says what is wrong with it
 */
export function parseEndpoint (text: string): Multiaddr {
  if (text.trim().startsWith('/')) {
    return parseMultiaddr(text.trim())
  }

  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text.trim()) ?? []
  const host = bracketed ?? plain

  if (host == null || host === '') {
    throw new Error(`"${text}" is no endpoint: write it as IP:port, [IPv6]:port or name:port`)
  }

  if (bracketed != null && !isIPv6(bracketed)) {
    throw new Error(`"${bracketed}" is no IPv6 address: only those stand in brackets`)
  }

  return endpointToMultiaddr(host, parsePort(port, 1))
}

/**
 * @param host - IPv4 or IPv6 address without brackets, or a host name
 * @throws Error if it is none of these
 */
export function endpointToMultiaddr (host: string, port: number): Multiaddr {
  const protocol = isIPv4(host) ? 'ip4' : isIPv6(host) ? 'ip6' : 'dns'

  // four numbers with dots are a mistyped address rather than a name
  if (protocol === 'dns' && (!HOST_NAME.test(host) || /^[\d.]+$/.test(host))) {
    throw new Error(`"${host}" is neither an IP address nor a host name`)
  }

  return multiaddr(`/${protocol}/${host}/tcp/${port}/tls`)
}

/**
 * @param min - smallest port that is allowed
 * @throws Error if the text is no port
 */
export function parsePort (text: string, min: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN

  if (!(port >= min && port <= 65535)) {
    throw new Error(`"${text}" is no port: it must be a number from ${min} to 65535`)
  }

  return port
}

/**
 * An address as `config.ini` has it: an endpoint where that says all, else the multiaddr.
 */
export function formatEndpoint (address: Multiaddr): string {
  const [, kind, host, port] = /^\/(ip4|ip6|dns)\/([^/]+)\/tcp\/(\d+)\/tls$/.exec(address.toString()) ?? []

  return host == null ? address.toString() : kind === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}

function parseMultiaddr (text: string): Multiaddr {
  const address = multiaddr(text)

  if (!/^\/(ip4|ip6|dns[46]?)\/[^/]+\/tcp\/[1-9]\d*\/tls(\/p2p\/[^/]+)?$/.test(address.toString())) {
    throw new Error(`"${text}" is no address of a node: write it as IP:port, or as /ip4/10.0.0.2/tcp/30300/tls, with /p2p/<peer ID> behind it if only that node is meant`)
  }

  return address
}
