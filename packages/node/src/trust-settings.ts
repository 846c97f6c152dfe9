import { resolve } from 'node:path'
import type { SerialDenial } from '@fisco-libp2p/identity'

/**
 * What a `config.ini` says of taking trust back, checked.
 */
export interface TrustSettings {
  /**
   * CRLs: `[network_security] crl.N`, seen from `data_path`, and `crl_soft_fail.N`.
   */
  crls: Array<{ file: string, softFail: boolean }>

  /**
   * Certificates that are refused: `[certificate_blacklist] serial.N`.
   */
  deniedSerials: SerialDenial[]

  /**
   * The network's ID, 32 bytes: `[chain] network_id`; undefined where it follows from the trusted CAs and `[chain] id`.
   */
  networkId?: Uint8Array
}

/**
 * The entries of a section that are numbered under a name, in the order of the file.
 */
type Numbered = (name: string) => Array<[string, string]>

/**
 * Reads these settings.
 *
 * @throws Error, with the section and key that are wrong as first words
 */
export function parseTrustSettings (security: Numbered, blacklist: Numbered, networkId: string, dataPath: string): TrustSettings {
  const files = security('crl').map(([key, name]) => ({ number: numberOf(key), file: resolve(dataPath, name) }))
  const soft = new Map(security('crl_soft_fail').map(([key, value]) => [numberOf(key), parseBoolean(`[network_security] ${key}`, value)]))
  const stray = [...soft.keys()].find(number => !files.some(file => file.number === number))

  // a security option that has no effect must not look as if it had one
  if (stray != null) {
    throw new Error(`[network_security] crl_soft_fail.${stray}: there is no crl.${stray}`)
  }

  return {
    crls: files.map(({ number, file }) => ({ file, softFail: soft.get(number) ?? false })),
    deniedSerials: blacklist('serial').map(([key, value]) => parseDenial(`[certificate_blacklist] ${key}`, value)),
    networkId: networkId === '' ? undefined : parseNetworkId(networkId)
  }
}

function numberOf (key: string): string {
  return key.slice(key.lastIndexOf('.') + 1)
}

function parseBoolean (where: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') {
    throw new Error(`${where}: "${text}" is neither true nor false`)
  }

  return text === 'true'
}

function parseDenial (where: string, text: string): SerialDenial {
  const [, issuerKeyHash, serial] = /^([0-9a-f]{64}):((?:[0-9a-f]{2}){1,20})$/.exec(text.trim().toLowerCase()) ?? []

  if (issuerKeyHash == null) {
    throw new Error(`${where}: "${text}" must be the SHA-256 of the issuer's public key and the serial number, both in hex, with a colon between, as "fisco-p2p cert revoke" prints it`)
  }

  return { issuerKeyHash, serial }
}

function parseNetworkId (text: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) {
    throw new Error(`[chain] network_id: "${text}" is no network ID: it has 64 hex digits, see "fisco-p2p info"`)
  }

  return new Uint8Array(Buffer.from(text.trim(), 'hex'))
}
