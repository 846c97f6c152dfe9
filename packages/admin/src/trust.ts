import type { AdminAccess, AdminIdentity } from './index.ts'

/**
 * When the first certificate ends of those that a node shows, and how it stands to this node. Times are unix milliseconds.
 */
export interface ExpiryEntry {
  Node: string
  Agency: string
  NodeID: string

  /**
   * Subject of the certificate that ends first: the node's own, or that of a CA above it.
   */
  certificate: string
  expires: number

  /**
   * Whether it is the node that was asked.
   */
  self: boolean
}

/**
 * The newest CRL of an issuer, or one that is configured and whose issuer was not seen yet.
 */
export interface CrlEntry {
  issuer: string

  /**
   * SHA-256 of the issuer's SubjectPublicKeyInfo; null as long as it was not seen.
   */
  issuerKeyHash: string | null

  /**
   * CRL number, decimal; null where it has none.
   */
  number: string | null
  thisUpdate: number
  nextUpdate: number | null

  /**
   * How many certificates of this issuer are revoked, by this CRL and all before it.
   */
  revoked: number

  /**
   * The files that it was configured with; none if it was learnt from others.
   */
  files: string[]

  /**
   * Whether certificates of this issuer are refused when it is out of date.
   */
  required: boolean
}

/**
 * How the node's clock stands to those of its neighbours, in milliseconds: by how much theirs are ahead.
 */
export interface ClockEntry {
  /**
   * The median; null if none has answered.
   */
  offset: number | null

  /**
   * By node ID.
   */
  neighbours: Record<string, number>
}

/**
 * What a node goes by when it trusts others, and for how long.
 */
export interface TrustEntry {
  calendar: ExpiryEntry[]

  /**
   * The trusted CAs.
   */
  anchors: Array<{ subject: string, keyHash: string, expires: number }>
  crls: CrlEntry[]
  clock: ClockEntry
}

/**
 * Describes what a node goes by.
 */
export function describeTrust ({ trust }: AdminIdentity, access?: AdminAccess): TrustEntry {
  const calendar = (access?.calendar() ?? []).map(({ nodeId, name, agency, certificate, notAfter, own }): ExpiryEntry => ({ Node: name, Agency: agency, NodeID: nodeId, certificate, expires: notAfter, self: own }))

  return {
    calendar,
    anchors: trust.anchors.map(({ subject, keyHash, notAfter }) => ({ subject, keyHash, expires: notAfter })),
    crls: describeCrls(trust),
    clock: { offset: access?.clock()?.offset ?? null, neighbours: Object.fromEntries(access?.clockOffsets() ?? []) }
  }
}

function describeCrls (trust: AdminIdentity['trust']): CrlEntry[] {
  const { crls, configuredCrls } = trust
  const sourcesOf = (issuer: string): AdminIdentity['trust']['configuredCrls'] => configuredCrls.filter(({ crl }) => crl.issuer === issuer)
  const unseen = configuredCrls.filter(({ crl }) => !crls.some(held => held.crl.issuer === crl.issuer))

  return [
    ...crls.map(({ issuerKeyHash, crl, serials }): CrlEntry => ({ ...factsOf(crl), issuerKeyHash, revoked: serials.size, ...usedAs(sourcesOf(crl.issuer)) })),
    ...unseen.map(({ crl }): CrlEntry => ({ ...factsOf(crl), issuerKeyHash: null, revoked: crl.size, ...usedAs(sourcesOf(crl.issuer)) }))
  ]
}

function factsOf ({ issuer, fields }: AdminIdentity['trust']['configuredCrls'][number]['crl']): Pick<CrlEntry, 'issuer' | 'number' | 'thisUpdate' | 'nextUpdate'> {
  return { issuer, number: fields.number?.toString() ?? null, thisUpdate: fields.thisUpdate, nextUpdate: fields.nextUpdate ?? null }
}

function usedAs (sources: AdminIdentity['trust']['configuredCrls']): Pick<CrlEntry, 'files' | 'required'> {
  return { files: sources.map(({ name }) => name), required: sources.some(({ softFail }) => softFail !== true) }
}
