import { CertificateRefusedError, getPeerCertificate } from '@fisco-libp2p/identity'
import { CLOCK_INTERVAL, CLOCK_STEP } from './constants.ts'
import { AccessClosedError, UncertifiedPeerError } from './errors.ts'
import { nodeIdOf } from './node-id-of.ts'
import type { StatusRecordLike } from './components.ts'
import type { AccessClosed } from './control.ts'
import type { AccessLists } from './index.ts'
import type { Certificate, CertificateRole, NodeId, TrustStore } from '@fisco-libp2p/identity'
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'

/**
 * What {@link Guard} is made of.
 */
export interface GuardInit {
  trust: TrustStore
  lists?: AccessLists

  /**
   * May a peer be connected that has shown no certificate?
   */
  uncertified: boolean
  events: TypedEventTarget<Libp2pEvents>
  getConnections (): Connection[]

  /**
   * The latest status of a node.
   */
  recordOf (nodeId: NodeId): StatusRecordLike | undefined

  /**
   * Tells the other end why, and closes what connects it to this node.
   */
  expel (peerId: PeerId, rule: string): Promise<boolean>
  onClosed (closed: AccessClosed): void
}

/**
 * Judges every connection whenever something changes by which it was accepted: the lists, what the trust store goes by, the time.
 */
export class Guard {
  readonly #init: GuardInit

  /**
   * Until when every connection is good if nothing changes, unix milliseconds.
   */
  #validUntil = Infinity
  #lookedAt = 0
  #timer?: NodeJS.Timeout

  constructor (init: GuardInit) {
    this.#init = init
  }

  start (): void {
    const { trust, lists, events } = this.#init

    trust.addEventListener('trust:change', this.#judgeAll)
    lists?.addEventListener('access:change', this.#judgeAll)
    events.addEventListener('connection:open', this.#onOpen)
    this.#judgeAll()
  }

  stop (): void {
    const { trust, lists, events } = this.#init

    trust.removeEventListener('trust:change', this.#judgeAll)
    lists?.removeEventListener('access:change', this.#judgeAll)
    events.removeEventListener('connection:open', this.#onOpen)
    clearTimeout(this.#timer)
  }

  readonly #judgeAll = (): void => {
    this.#validUntil = Infinity
    this.#init.getConnections().forEach(connection => { this.#judge(connection) })
    this.#wait()
  }

  /**
   * What it was accepted by may have changed during the handshake.
   */
  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    this.#judge(detail)
    this.#wait()
  }

  /**
   * The next moment at which a connection may be good no longer. Not further away than the next look at the clock, so no timer is too long for Node either.
   */
  #wait (): void {
    const now = this.#init.trust.now()

    this.#lookedAt = now
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#look() }, Math.max(1, Math.min(this.#validUntil - now + 1, CLOCK_INTERVAL)))
    // it keeps no process alive
    this.#timer.unref()
  }

  #look (): void {
    const now = this.#init.trust.now()

    if (now > this.#validUntil || now < this.#lookedAt - CLOCK_STEP) {
      this.#judgeAll()
    } else {
      this.#wait()
    }
  }

  #judge (connection: Connection): void {
    if (connection.status !== 'open') {
      return
    }

    const peerId = connection.remotePeer
    const listed = this.#init.lists?.allows(peerId)

    if (listed?.allowed === false) {
      this.#close(connection, listed.rule, listed.message)

      return
    }

    try {
      this.#validUntil = Math.min(this.#validUntil, this.#judgeCertificates(connection))
    } catch (err) {
      this.#close(connection, err instanceof CertificateRefusedError || err instanceof UncertifiedPeerError ? err.rule : 'unspecified', err.message)
    }
  }

  /**
   * By the certificates of the handshake, or else by those that the node has shown since, for the same key: who has its certificate renewed in time keeps its
   * links.
   *
   * @returns until when that holds
   */
  #judgeCertificates (connection: Connection): number {
    const peer = getPeerCertificate(connection)
    // the end that dials is the client
    const role = connection.direction === 'inbound' ? 'client' : 'server'

    if (peer == null) {
      return this.#init.uncertified ? Infinity : rethrow(new UncertifiedPeerError())
    }

    try {
      return this.#init.trust.judge(peer.chain, role).validUntil
    } catch (err) {
      return this.#judgeRenewed(peer.nodeId, peer.chain, role) ?? rethrow(err)
    }
  }

  #judgeRenewed (nodeId: NodeId, chain: readonly Certificate[], role: CertificateRole): number | undefined {
    const renewed = this.#init.recordOf(nodeId)?.chain

    if (renewed == null || renewed[0].equals(chain[0])) {
      return undefined
    }

    try {
      return this.#init.trust.judge(renewed, role).validUntil
    } catch {
      return undefined
    }
  }

  #close (connection: Connection, rule: string, message: string): void {
    const { remotePeer: peerId } = connection
    const nodeId = getPeerCertificate(connection)?.nodeId ?? nodeIdOf(peerId)

    this.#init.onClosed({ peerId, nodeId, rule, message, address: connection.remoteAddr.toString() })

    // nothing of it is read: it is no member that takes leave
    if (rule === 'no-certificate') {
      connection.abort(new AccessClosedError(rule, message))

      return
    }

    this.#init.expel(peerId, rule).catch(() => false).then(expelled => {
      // where nobody keeps links, or has heard of this connection
      if (!expelled || connection.status === 'open') {
        connection.abort(new AccessClosedError(rule, message))
      }
    }, () => {})
  }
}

function rethrow (err: unknown): never {
  throw err
}
