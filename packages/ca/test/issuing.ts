import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatIndex, indexEntry, issueNode, openAuthority, parseIndex } from '@fisco-libp2p/ca'
import { openssl } from './openssl.ts'
import type { CertificateAuthority, IndexEntry, IssuedNode } from '@fisco-libp2p/ca'

/**
 * Where the agency and the root of a chain have their index, their CRL and their certificate.
 */
export const AT = {
  agency: { dir: 'agency', index: 'agency/index.txt', crl: 'agency/agency.crl', cert: 'agency/agency.crt', key: 'agency/agency.key', number: 'agency/crlnumber' },
  root: { dir: '.', index: 'index.txt', crl: 'ca.crl', cert: 'ca.crt', key: 'ca.key', number: 'crlnumber' }
}

/**
 * The index of one of a chain's CAs.
 */
export async function indexOf (chain: string, issuer: 'agency' | 'root' = 'agency'): Promise<IndexEntry[]> {
  return parseIndex(await readFile(join(chain, AT[issuer].index), 'utf8'))
}

/**
 * The statuses in an index, in its order: `VRV`.
 */
export async function statuses (chain: string, issuer: 'agency' | 'root' = 'agency'): Promise<string> {
  return (await indexOf(chain, issuer)).map(({ status }) => status).join('')
}

/**
 * One of a chain's CAs.
 */
export async function authorityOf (chain: string, issuer: 'agency' | 'root' = 'agency'): Promise<CertificateAuthority> {
  const [key, cert, root] = await Promise.all([AT[issuer].key, AT[issuer].cert, 'ca.crt'].map(async file => readFile(join(chain, file), 'utf8')))

  return openAuthority({ key, cert, root })
}

/**
 * Issues for a node, and enters it in the index as `writeChain` does.
 */
export async function enter (chain: string, options: { name: string, key?: string, issuer?: 'agency' | 'root' }): Promise<IssuedNode> {
  const { issuer = 'agency', name, key } = options
  const node = await issueNode(await authorityOf(chain, issuer), { name, key })
  const copy = `newcerts/${node.serial}.pem`

  await writeFile(join(chain, AT[issuer].dir, copy), node.leaf)
  await writeFile(join(chain, AT[issuer].index), formatIndex([...await indexOf(chain, issuer), indexEntry(node, copy)]))

  return node
}

/**
 * A CRL as openssl sees it, after its signature was verified by the CA's certificate.
 */
export async function crlOf (chain: string, issuer: 'agency' | 'root' = 'agency'): Promise<{ number: string, serials: string[], text: string }> {
  const { crl, cert } = AT[issuer]
  const text = await openssl(chain, 'crl', '-in', crl, '-CAfile', cert, '-verify', '-noout', '-text', '-crlnumber')

  return {
    number: text.match(/crlNumber=0x([0-9A-F]+)/)?.[1] ?? '',
    serials: (text.match(/(?<=Serial Number: )[0-9A-F]+/g) ?? []).map(serial => serial.toLowerCase()),
    text
  }
}
