import { isIP } from 'node:net'
import { MAX_CRL_DAYS, MAX_DAYS, MAX_NAME_LENGTH, MAX_NODES, MAX_PORT, MIN_PORT, REVOCATION_REASONS } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import type { IssuerName } from './issuer-files.ts'
import type { RevocationReason } from './revoke.ts'

/**
 * What no name may have: FISCO BCOS 2.x joins node ID, issuer and subject with `#` and splits them there, OpenSSL
 * writes subjects with `/` between their parts, and names of nodes become folders, on any operating system.
 * `\p{C}` are control and invisible format characters, unpaired surrogates and code points without a character.
 */
const FORBIDDEN_IN_NAMES = /[\p{C}\p{Zl}\p{Zp}/\\#:*?"<>|]/u

/**
 * A common name: 1 to 64 characters, fit for FISCO BCOS and for a folder's name.
 *
 * @throws InvalidParametersError
 */
export function checkName (what: string, name: unknown): string {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidParametersError(`${what} must be a text of 1 to ${MAX_NAME_LENGTH} characters`)
  }

  const shown = JSON.stringify(name.slice(0, MAX_NAME_LENGTH))

  // most file systems take 255 bytes in a name
  if ([...name].length > MAX_NAME_LENGTH || Buffer.byteLength(name) > 255) {
    throw new InvalidParametersError(`${what} ${shown}… is too long: at most ${MAX_NAME_LENGTH} characters fit into a certificate's common name`)
  }

  if (FORBIDDEN_IN_NAMES.test(name)) {
    throw new InvalidParametersError(`${what} ${shown} has a character that certificates or folders cannot have: none of / \\ # : * ? " < > | and no control characters`)
  }

  if (/^[\s.]|[\s.]$/.test(name)) {
    throw new InvalidParametersError(`${what} ${shown} must not begin or end with a dot or a space`)
  }

  return name
}

/**
 * An integer within a range.
 *
 * @throws InvalidParametersError
 */
export function checkInteger (what: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new InvalidParametersError(`${what} must be an integer from ${min} to ${max}, not ${String(value)}`)
  }

  return value
}

/**
 * A validity in days.
 *
 * @throws InvalidParametersError
 */
export function checkDays (days: unknown): number {
  return checkInteger('days', days, 1, MAX_DAYS)
}

/**
 * How many days a CRL is good for.
 *
 * @throws InvalidParametersError
 */
export function checkCrlDays (days: unknown): number {
  return checkInteger('days', days, 1, MAX_CRL_DAYS)
}

/**
 * Why a certificate is revoked, as OpenSSL's index has it.
 *
 * @throws InvalidParametersError
 */
export function checkReason (reason: unknown): RevocationReason {
  const found = REVOCATION_REASONS.find(name => name === reason)

  if (found == null) {
    throw new InvalidParametersError(`reason must be one of ${REVOCATION_REASONS.join(', ')}, not ${JSON.stringify(reason)}`)
  }

  return found
}

/**
 * Which CA of a chain's folder.
 *
 * @throws InvalidParametersError
 */
export function checkIssuer (issuer: unknown): IssuerName {
  if (issuer !== 'agency' && issuer !== 'root') {
    throw new InvalidParametersError(`issuer must be agency or root, not ${JSON.stringify(issuer)}`)
  }

  return issuer
}

/**
 * How many nodes a chain has, 1 to 1,000.
 *
 * @throws InvalidParametersError
 */
export function checkNodes (nodes: unknown): number {
  return checkInteger('nodes', nodes, 1, MAX_NODES)
}

/**
 * The port of the first of several nodes on one host: each takes the next one.
 *
 * @param count - how many nodes there are on that host
 * @throws InvalidParametersError
 */
export function checkPort (port: unknown, count: number): number {
  return checkInteger(count === 1 ? 'port' : `port (of the first of ${count} nodes on one host)`, port, MIN_PORT, MAX_PORT - count + 1)
}

/**
 * An IPv4 or IPv6 address to listen on, without brackets.
 *
 * @throws InvalidParametersError
 */
export function checkIp (what: string, ip: unknown): string {
  if (typeof ip !== 'string' || isIP(ip) === 0) {
    throw new InvalidParametersError(`${what} must be an IPv4 address, or an IPv6 address without brackets, not ${JSON.stringify(ip)}`)
  }

  return ip
}

/**
 * An IP address or a host name (RFC 1123 section 2.1) at which others reach a node.
 *
 * @throws InvalidParametersError
 */
export function checkHost (what: string, host: unknown): string {
  if (typeof host === 'string' && (isIP(host) !== 0 || isHostName(host))) {
    return host
  }

  throw new InvalidParametersError(`${what} must be an IP address (IPv6 without brackets) or a host name, without a port, not ${JSON.stringify(host)}`)
}

function isHostName (host: string): boolean {
  const labels = host.split('.')

  // a name whose last label is a number is a mistyped IPv4 address
  return host.length <= 253 && !/^\d+$/.test(labels[labels.length - 1]) &&
    labels.every(label => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))
}
