import { getThinWaistAddresses } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TcpNetConnectOpts } from 'node:net'

const FAMILIES: Record<string, number> = { ip4: 4, dns4: 4, ip6: 6, dns6: 6, dns: 0 }

/**
 * Whether a multiaddr is of the TLS-first transport: a host, `/tcp/<port>/tls`, and nothing behind it but a PeerId.
 */
export function isTlsAddress (address: Multiaddr): boolean {
  const names = address.getComponents().map(({ name }) => name).filter(name => name !== 'ip6zone')

  return names[0] in FAMILIES && names[1] === 'tcp' && names[2] === 'tls' && (names.length === 3 || (names.length === 4 && names[3] === 'p2p'))
}

/**
 * What `net.connect` and `server.listen` need of an address.
 */
export function toNetOptions (address: Multiaddr): TcpNetConnectOpts & { host: string } {
  const components = address.getComponents()
  const value = (name: string): string | undefined => components.find(component => component.name === name)?.value
  const [{ name, value: host = '' }] = components.filter(({ name }) => name in FAMILIES)
  const zone = value('ip6zone')

  return { host: zone == null ? host : `${host}%${zone}`, port: Number(value('tcp')), family: FAMILIES[name] }
}

/**
 * The multiaddr of the other end of an accepted socket.
 */
export function remoteAddress (ip: string, port: number): Multiaddr {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  const [host, zone] = (v4 ?? ip).split('%')

  return multiaddr(host.includes(':') ? `${zone == null ? '' : `/ip6zone/${zone}`}/ip6/${host}/tcp/${port}/tls` : `/ip4/${host}/tcp/${port}/tls`)
}

/**
 * The addresses at which a listener can be reached: `0.0.0.0` and `::` stand for all of the machine's.
 */
export function listenAddresses (address: Multiaddr, port: number): Multiaddr[] {
  return getThinWaistAddresses(address.decapsulate('/tls'), port).map(thin => thin.encapsulate('/tls'))
}
