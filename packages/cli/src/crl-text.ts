import { relative } from 'node:path'
import type { WrittenCrl } from '@fisco-libp2p/ca'

/**
 * A path as seen from the current folder.
 */
export function shownPath (path: string): string {
  return relative(process.cwd(), path)
}

/**
 * A CRL in one line.
 */
export function describeCrl ({ file, number, revoked, nextUpdate }: WrittenCrl): string {
  return `CRL ${shownPath(file)}: number ${number}, ${revoked} certificate${revoked === 1 ? '' : 's'}, next update until ${nextUpdate.toISOString()}`
}

/**
 * What an operator does with CRLs.
 *
 * @param files - their paths as they are shown
 */
export function usingCrl (files: readonly string[]): string {
  return `- Copy ${files.join(' and ')} to where [network_security] crl.0= of a node's config.ini points to. One node is enough: it spreads.`
}

/**
 * When the next CRLs are due, and how they are made.
 *
 * @param chain - the folder as the user gave it
 */
export function nextCrl (chain: string, crls: readonly WrittenCrl[]): string {
  return crls.map(({ issuer, nextUpdate }) => {
    return `- Before ${nextUpdate.toISOString()}, write the next one: fisco-p2p cert crl --chain ${chain}${issuer === 'root' ? ' --issuer root' : ''}`
  }).join('\n')
}
