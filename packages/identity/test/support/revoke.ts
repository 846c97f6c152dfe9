import { createAgency, createChainCa, issueNode } from '@fisco-libp2p/ca'
import { Certificate, CertificateRefusedError, certificatesFromPem, Crl, CrlRefusedError, TrustStore } from '@fisco-libp2p/identity'
import { hostileCrl } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { CertificateAuthority, IssuedNode } from '@fisco-libp2p/ca'
import type { CertificateRule, CrlRule, CrlSource } from '@fisco-libp2p/identity'
import type { HostileCrlParts } from '@fisco-libp2p/test-kit'

export const DAY = 24 * 60 * 60 * 1000

/**
 * A consortium of two agencies with a node each, and a node that the root issued.
 */
export interface TwoAgencies {
  root: CertificateAuthority
  one: CertificateAuthority
  two: CertificateAuthority
  nodeOfOne: IssuedNode
  nodeOfTwo: IssuedNode
  nodeOfRoot: IssuedNode
}

export async function twoAgencies (): Promise<TwoAgencies> {
  const root = await createChainCa({ keyType: 'ed25519' })
  const [one, two] = await Promise.all(['one', 'two'].map(async name => createAgency(root, { name })))
  const [nodeOfOne, nodeOfTwo, nodeOfRoot] = await Promise.all([one, two, root].map(async ca => issueNode(ca, { name: `node of ${ca.name}` })))

  return { root, one, two, nodeOfOne, nodeOfTwo, nodeOfRoot }
}

export function storeOf (root: CertificateAuthority, now?: () => number): TrustStore {
  return new TrustStore(certificatesFromPem(root.cert), now)
}

export function keyHashOf ({ der }: { der: Uint8Array }): string {
  return new Certificate(der).keyHash
}

export function source (ca: CertificateAuthority, parts: HostileCrlParts, softFail?: boolean): CrlSource {
  return { crl: new Crl(hostileCrl(ca, parts)), name: `${ca.name}.crl`, softFail }
}

/**
 * Has a store learn a CRL as if it came from the network.
 */
export function learn (store: TrustStore, ca: CertificateAuthority, parts: HostileCrlParts, of: { der: Uint8Array } = ca): Crl {
  return store.learn(hostileCrl(ca, parts), keyHashOf(of))
}

export function accepts (store: TrustStore, ...nodes: IssuedNode[]): void {
  nodes.forEach(({ cert }) => { store.judge(certificatesFromPem(cert)) })
}

export function refuses (store: TrustStore, { cert }: IssuedNode, rule: CertificateRule): CertificateRefusedError {
  const err = thrown(() => { store.judge(certificatesFromPem(cert)) })
  expect(err).to.be.an.instanceOf(CertificateRefusedError).with.property('rule', rule)

  return err as CertificateRefusedError
}

export function notTaken (act: () => unknown, rule: CrlRule): void {
  expect(thrown(act)).to.be.an.instanceOf(CrlRefusedError).with.property('rule', rule)
}

function thrown (act: () => unknown): unknown {
  try {
    act()
  } catch (err) {
    return err
  }

  return undefined
}

/**
 * The events of a store in their order.
 */
export function eventsOf (store: TrustStore): string[] {
  const events: string[] = []
  store.addEventListener('trust:change', ({ detail }) => { events.push(`change${detail.anchors ? ' of anchors' : ''}`) })
  store.addEventListener('trust:crl', ({ detail }) => { events.push(`crl ${detail.crl.fields.number ?? 'without number'}`) })

  return events
}
