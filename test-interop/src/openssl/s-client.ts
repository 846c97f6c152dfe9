import assert from 'node:assert/strict'
import { framesIn } from './frames.ts'
import { Tool } from './tool.ts'
import type { OurNode } from './our-node.ts'
import type { RefusalRule } from '@fisco-libp2p/tls'

/**
 * What a dialler of ours offers by ALPN.
 */
export const OUR_ALPN = 'fisco-libp2p/yamux/1.0.0,fisco-libp2p'

/**
 * OpenSSL's own list has no secp256k1, without which no TLS 1.2 comes about with a certificate of that curve; FISCO BCOS sets it, too.
 */
export const GROUPS = 'X25519:prime256v1:secp256k1'

/**
 * Files of a node, as the openssl command line takes them.
 */
export interface NodeFiles {
  key: string

  /**
   * Its certificate alone.
   */
  leaf: string

  /**
   * Those of the CAs above it, if there are any but the root.
   */
  above?: string
  ca: string
}

/**
 * Whom `openssl s_client` plays.
 */
export interface ClientInit {
  /**
   * Whose certificate is shown; nobody's if not given.
   */
  member?: NodeFiles

  /**
   * Leave out the agency's certificate?
   *
   * @default false
   */
  withoutAgency?: boolean

  /**
   * @default OUR_ALPN
   */
  alpn?: string | false
  args?: readonly string[]
}

/**
 * Starts `openssl s_client` against a port.
 */
export function startClient (port: number, { member, withoutAgency = false, alpn = OUR_ALPN, args = ['-ign_eof'] }: ClientInit): Tool {
  return new Tool('openssl', [
    's_client', '-connect', `127.0.0.1:${port}`, '-groups', GROUPS,
    ...alpn === false ? [] : ['-alpn', alpn],
    ...member == null ? [] : ['-cert', member.leaf, '-key', member.key, '-CAfile', member.ca],
    ...member?.above == null || withoutAgency ? [] : ['-cert_chain', member.above],
    ...args
  ])
}

/**
 * What openssl says of a handshake that is done.
 */
export interface Established {
  version: string
  cipher: string
  resumed: boolean

  /**
   * In a few words, for the table.
   */
  text: string
}

/**
 * Waits until openssl says that TLS is there.
 */
export async function established (client: Tool): Promise<Established> {
  const [, how, version, cipher] = await client.untilPrinted(/(New|Reused), (TLSv[\d.]+), Cipher is (\S+)/)
  // the lines below are of the same block
  await client.untilPrinted(/Verify return code: \d+/)

  return { version, cipher, resumed: how === 'Reused', text: `${version} ${cipher}` }
}

/**
 * Waits until openssl has printed our refusal.
 */
export async function refusal (tool: Tool): Promise<RefusalRule> {
  return tool.until('a refusal of ours', ({ stdout }) => framesIn(stdout).find(({ type }) => type === 'refusal')).then(frame => frame.type === 'refusal' ? frame.rule : 'unspecified')
}

/**
 * The alert that openssl was ended by, in its own words.
 */
export async function alert (client: Tool): Promise<string> {
  const [, name, number] = await client.untilPrinted(/(?:sslv3|tlsv1|tlsv13) alert ([a-z ]+):.*SSL alert number (\d+)/)

  return `alert ${number} (${name})`
}

/**
 * Asserts what our side says of it.
 *
 * @returns the rule, for the table
 */
export async function expectRule (ours: OurNode, rule: string): Promise<string> {
  const rejection = await ours.rejection()

  assert.equal(rejection.rule, rule, `our side says ${rejection.rule}: ${rejection.message}`)

  return `ours: ${rule}`
}
