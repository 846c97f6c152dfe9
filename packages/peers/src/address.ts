import { printable } from '@fisco-libp2p/identity'
import { InvalidParametersError } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_ERROR_LENGTH } from './constants.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * The address of a configured peer.
 */
export interface PeerAddress {
  multiaddr: Multiaddr

  /**
   * The whole address in canonical form: two addresses are the same if their texts are.
   */
  text: string

  /**
   * The address without its peer ID, as it appears in connections and in what security transports report.
   */
  location: string

  /**
   * PeerId of the only node that is accepted there, if the address names one.
   */
  peerId?: string
}

const HOSTS = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']

/**
 * Reads the address of a peer.
 *
 * @throws InvalidParametersError naming the address and what is wrong
 */
export function parseAddress (address: string | Multiaddr): PeerAddress {
  const text = printable(String(address), MAX_ERROR_LENGTH)
  const parsed = readMultiaddr(address, text)
  const components = parsed.getComponents()
  const host = components.findIndex(component => HOSTS.includes(component.name))
  const port = components.at(host + 1)
  const last = components.at(-1)

  if (components.length === 0 || components[0].name === 'p2p') {
    throw new InvalidParametersError(`"${text}" cannot be dialled: it has no host; write it as /ip4/10.0.0.2/tcp/30300`)
  }

  if (host !== -1 && (port == null || !['tcp', 'udp'].includes(port.name) || port.value === '0')) {
    throw new InvalidParametersError(`"${text}" cannot be dialled: it has no port; write it as /ip4/10.0.0.2/tcp/30300`)
  }

  return {
    multiaddr: parsed,
    text: parsed.toString(),
    location: locationOf(parsed),
    peerId: last?.name === 'p2p' ? last.value : undefined
  }
}

/**
 * A multiaddr without the peer ID at its end.
 */
export function locationOf (address: string | Multiaddr): string {
  return String(address).replace(/\/p2p\/[^/]+$/, '')
}

function readMultiaddr (address: string | Multiaddr, text: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (err) {
    throw new InvalidParametersError(`"${text}" is no multiaddr: ${printable(err.message, MAX_ERROR_LENGTH)}; write it as /ip4/10.0.0.2/tcp/30300`)
  }
}
