import { createHash } from 'node:crypto'
import { CRL_REQUEST, CRLS_ENTRY } from '@fisco-libp2p/access'
import { createAgency, createChainCa, createCrl, issueNode } from '@fisco-libp2p/ca'
import { Certificate, createIdentity } from '@fisco-libp2p/identity'
import { createNode } from '@fisco-libp2p/node'
import { freePorts } from '@fisco-libp2p/test-kit'
import { isStartable } from '@libp2p/interface'
import { noticeBytes } from './notice-bytes.ts'
import type { CertificateAuthority, IssuedNode } from '@fisco-libp2p/ca'
import type { IdentityPem, NodeId } from '@fisco-libp2p/identity'
import type { FiscoNode, SettingsInit } from '@fisco-libp2p/node'

/**
 * Two agencies; the attacker and an honest node of one, a bystander of the other, and a node of each that exists on paper alone.
 */
export interface Cast {
  root: CertificateAuthority
  one: CertificateAuthority
  two: CertificateAuthority
  attacker: IssuedNode
  honest: IssuedNode
  bystander: IssuedNode
  absent: IssuedNode
}

export async function cast (): Promise<Cast> {
  const root = await createChainCa({ keyType: 'ed25519' })
  const [one, two] = await Promise.all(['one', 'two'].map(async name => createAgency(root, { name })))
  const [attacker, honest, absent, bystander] = await Promise.all([['attacker', one], ['honest', one], ['absent', one], ['bystander', two]].map(async ([name, agency]) => issueNode(agency as CertificateAuthority, { name: name as string })))

  return { root, one, two, attacker, honest, bystander, absent }
}

export function keyHashOf ({ der }: { der: Uint8Array }): string {
  return new Certificate(der).keyHash
}

export function hashOf (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * A CRL as an honest CA makes it.
 */
export function crlOf (ca: CertificateAuthority, number: bigint, revoked: ReadonlyArray<{ serial: string }> = [], thisUpdate?: Date): Uint8Array {
  return createCrl(ca, { number, revoked: revoked.map(({ serial }) => ({ serial, date: new Date() })), thisUpdate, days: 30 }).der
}

/**
 * A CRL that an attacker tells of. What is not given is true of the bytes, as far as they are a CRL.
 */
export interface Told {
  der: Uint8Array
  issuer: string
  number?: bigint
  thisUpdate: number
  size?: number

  /**
   * What is given to whoever asks for it.
   */
  answer?: Uint8Array
}

/**
 * How a node departs from the usual one.
 */
export interface AddOptions extends Pick<SettingsInit, 'stateFolder'> {
  identity?: Partial<IdentityPem>
  peers?: readonly FiscoNode[]
}

/**
 * Nodes in this process over real sockets, each connected with all others where nothing else is said.
 */
export class CrlNetwork implements AsyncDisposable {
  readonly nodes: FiscoNode[] = []

  readonly #cut: Array<{ by: NodeId, nodeId: NodeId }> = []

  /**
   * @param peers - whom it dials; it waits for them alone
   */
  async add (parts: IssuedNode, root: CertificateAuthority, { identity: pem, peers = [...this.nodes], ...settings }: AddOptions = {}): Promise<FiscoNode> {
    const [port] = await freePorts(1)
    const identity = createIdentity({ key: parts.key, cert: parts.cert, ca: root.cert, ...pem })
    const node = await createNode({ identity, listen: [`/ip4/127.0.0.1/tcp/${port}/tls`], ...settings, peers: peers.flatMap(peer => peer.getMultiaddrs()) })

    this.nodes.push(node)
    node.services.peers.addEventListener('peer:down', ({ detail }) => { this.#cut.push({ by: identity.nodeId, nodeId: detail.nodeId }) })
    await until(() => peers.every(peer => isConnected(node, peer) && isConnected(peer, node)))

    return node
  }

  /**
   * Whom any of these nodes has lost.
   */
  cutBy (nodes: readonly FiscoNode[]): Set<NodeId> {
    return new Set(this.#cut.filter(({ by }) => nodes.some(({ identity }) => identity.nodeId === by)).map(({ nodeId }) => nodeId))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.nodes.map(async node => node.stop()))
  }
}

/**
 * The node of somebody who runs other software: it says what it wants of CRLs, and answers what it wants.
 */
export class Attacker {
  /**
   * Hashes that were asked for, by who asked.
   */
  readonly asked = new Map<NodeId, string[]>()
  readonly #node: FiscoNode
  readonly #answers = new Map<string, Uint8Array>()

  private constructor (node: FiscoNode) {
    this.#node = node
    node.services.direct.handle(CRL_REQUEST, async (data, { from }) => {
      const hash = Buffer.from(data).toString('hex')
      const answer = this.#answers.get(hash)

      if (answer == null) {
        throw new Error('this is not what was told')
      }

      this.asked.set(from, [...this.asked.get(from) ?? [], hash])

      return answer
    }, { maxMessageSize: 4 * 1024 * 1024 })
  }

  static async of (node: FiscoNode): Promise<Attacker> {
    const { access } = node.services

    // what is honest in it: it would say which CRLs it holds, and answer
    if (isStartable(access)) {
      await access.stop()
    }

    return new Attacker(node)
  }

  get nodeId (): NodeId {
    return this.#node.identity.nodeId
  }

  /**
   * @returns the status entry
   */
  tell (told: readonly Told[]): Uint8Array {
    told.forEach(({ der, answer }) => { this.#answers.set(hashOf(der), answer ?? der) })

    return this.say(noticeBytes(told.map(({ der, issuer, number, thisUpdate, size }) => ({
      issuer: Buffer.from(issuer, 'hex'),
      number: number == null ? undefined : Buffer.from(number.toString(16).padStart(40, '0'), 'hex'),
      thisUpdate,
      hash: Buffer.from(hashOf(der), 'hex'),
      size: size ?? der.byteLength
    }))))
  }

  say (entry: Uint8Array): Uint8Array {
    this.#node.services.statusSeq.set(CRLS_ENTRY, entry)

    return entry
  }
}

/**
 * Whether a node has heard what another one says of CRLs.
 */
export function hasHeard (node: FiscoNode, of: NodeId, entry: Uint8Array): boolean {
  return Buffer.compare(node.services.statusSeq.get(of)?.entries.get(CRLS_ENTRY) ?? new Uint8Array(), entry) === 0
}

export function isConnected (node: FiscoNode, other: FiscoNode): boolean {
  return node.services.peers.members().some(({ nodeId }) => nodeId === other.identity.nodeId)
}

/**
 * Hashes of the CRLs that a node holds.
 */
export function heldBy ({ identity }: FiscoNode): string[] {
  return identity.trust.crls.map(({ crl }) => crl.hash)
}

/**
 * Waits until something holds that no event tells of.
 */
export async function until (condition: () => boolean, timeout = 12_000): Promise<void> {
  const end = Date.now() + timeout

  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`It did not come true within ${timeout} ms: ${condition.toString()}`)
    }

    await new Promise(resolve => { setTimeout(resolve, 5) })
  }
}
