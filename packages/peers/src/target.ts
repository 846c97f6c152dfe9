import { nodeIdToPeerId } from '@fisco-libp2p/identity'
import { ConnectionClosedError, TimeoutError } from '@libp2p/interface'
import { HANDSHAKE_EVENT } from './constants.ts'
import { explainFailure } from './failure.ts'
import { isExpulsion } from './link-frame.ts'
import type { PeerAddress } from './address.ts'
import type { DialPace } from './dial-slots.ts'
import type { DialFailure, DialOutcome } from './failure.ts'
import type { Link, Links } from './links.ts'
import type { RetrySchedule } from './schedule.ts'
import type { PeerDownReason, PeerRefusedDetail, PeerRetryDetail, PeerStatus } from './status.ts'
import type { HandshakeRejection, NodeId } from '@fisco-libp2p/identity'
import type { AbortOptions, Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * What a target needs of the node that it lives in.
 */
export interface TargetHost {
  readonly self: { nodeId: NodeId, peerId: PeerId }
  readonly links: Links
  readonly slots: DialPace

  /**
   * Milliseconds that one dial may take.
   */
  readonly dialTimeout: number

  /**
   * Whether this node's connection gater says when its answer may be another one.
   */
  readonly gaterTells: boolean

  /**
   * Milliseconds before a dial that nothing speaks against, so that many of them do not come at the same moment.
   */
  spread (): number
  now (): number
  openConnection (address: Multiaddr, options: AbortOptions & { onProgress (evt: { type: string }): void }): Promise<Connection>
  dialEnded (outcome: DialOutcome): void
  targetConnected (link: Link): void
  targetRetries (detail: PeerRetryDetail): void
  targetRefused (detail: PeerRefusedDetail): void
}

/**
 * What the loop is at while its peer is not connected. Whether it is, the table of links tells.
 */
type State =
  | { state: 'connecting' | 'self' }
  | { state: 'waiting', until: number }
  | { state: 'refused', rule: string, refusedBy: 'us' | 'them', final: boolean, until: number }

/**
 * What is told of a link that is gone, by the reason.
 */
const ENDINGS: Record<PeerDownReason, string> = {
  closed: 'the connection was closed',
  lost: 'the connection was lost',
  silent: 'the peer was silent for too long',
  draining: 'the peer said that it stops',
  overloaded: 'the peer said that it has no room for this node',
  stopped: 'this node was stopped',
  denied: 'one of both nodes has the other on its deny list, or not on its allow list',
  revoked: 'the certificate of one of both nodes was revoked',
  expired: 'the certificate of one of both nodes has expired',
  'not-yet-valid': 'the certificate of one of both nodes is not valid yet, by the clock of the other',
  'crl-expired': 'a CRL that one of both nodes was given is out of date',
  'crl-unusable': 'a CRL that one of both nodes was given cannot be used',
  'untrusted-issuer': 'one of both nodes does not trust the certificate of the other any more'
}

/**
 * One configured address, and the loop that keeps the node behind it connected.
 */
export class Target {
  readonly address: PeerAddress
  readonly #host: TargetHost
  readonly #schedule: RetrySchedule

  /**
   * PeerId of the node that the address names, or that was last found there.
   */
  #peer?: string
  #state: State
  #since: number
  #lastError?: string
  #facts: Pick<PeerStatus, 'nodeId' | 'name' | 'agency'> = {}
  #rejection?: HandshakeRejection
  #refusal?: string
  #paused = false
  #isBarred = false
  #wake = Promise.withResolvers<void>()
  #running?: { controller: AbortController, ended: Promise<void> }

  constructor (address: PeerAddress, host: TargetHost, schedule: RetrySchedule) {
    this.address = address
    this.#host = host
    this.#schedule = schedule
    this.#peer = address.peerId
    this.#since = host.now()
    this.#state = { state: 'waiting', until: this.#since }
  }

  get peer (): string | undefined {
    return this.#peer
  }

  get status (): PeerStatus {
    const link = this.#link()
    const common = { address: this.address.text, attempts: this.#schedule.failures }

    if (link != null) {
      const { nodeId, name, agency, direction, address, since, rtt } = this.#host.links.describe(link)

      return { ...common, state: 'connected', nodeId, name, agency, direction, remoteAddress: address, since, rtt }
    }

    return { ...common, ...this.#facts, ...this.#state, since: this.#since, lastError: this.#lastError }
  }

  start (): void {
    const controller = new AbortController()
    this.#running ??= { controller, ended: this.#run(controller.signal) }
  }

  /**
   * Ends the loop, and the dial that is under way. Connections stay.
   */
  async stop (): Promise<void> {
    this.#running?.controller.abort()
    this.wake()
    await this.#running?.ended
    this.#running = undefined
  }

  /**
   * Looks again: a link was opened or closed.
   */
  wake (): void {
    this.#wake.resolve()
  }

  /**
   * Ends a pause.
   */
  retry (): void {
    this.#paused = false
    this.wake()
  }

  /**
   * Something has changed on this side: a peer that was refused, or sent away, by a rule is asked again.
   */
  reconsider (): void {
    if (this.#isBarred) {
      this.retry()
    }
  }

  /**
   * This node was found at the address.
   */
  found (peerId: PeerId): void {
    this.#peer = peerId.toString()
    this.wake()
  }

  /**
   * The security transport says why the handshake with this address is about to fail.
   */
  rejected (rejection: HandshakeRejection): void {
    const { nodeId, rule } = rejection
    this.#rejection = rejection

    // it is known who is there, and so it is welcome when it comes by itself
    if (nodeId != null && rule !== 'unexpected-peer' && this.address.peerId == null) {
      this.#peer = nodeIdToPeerId(nodeId).toString()
    }
  }

  async #run (signal: AbortSignal): Promise<void> {
    if (this.#peer === this.#host.self.peerId.toString()) {
      this.#isSelf()
    } else {
      this.#enter({ state: 'connecting' })
      await this.#wait(this.#host.spread(), signal)
    }

    while (!signal.aborted && this.#state.state !== 'self') {
      const link = this.#link()

      if (link == null) {
        await this.#tryToConnect(signal)
      } else {
        await this.#whileConnected(link, signal)
      }
    }

    if (signal.aborted) {
      this.#enter({ state: 'waiting', until: this.#host.now() })
    }
  }

  async #whileConnected (link: Link, signal: AbortSignal): Promise<void> {
    const { nodeId, name, agency } = this.#host.links.describe(link)
    this.#facts = { nodeId, name, agency }
    this.#refusal = undefined
    this.#isBarred = false
    this.#schedule.opened()
    this.#host.targetConnected(link)

    while (!signal.aborted && this.#link() === link) {
      await this.#woken()
    }

    if (!signal.aborted) {
      const { ending = 'lost' } = link
      this.#isBarred = isExpulsion(ending)
      this.#lastError = ENDINGS[ending]
      await this.#pause(ending === 'draining' ? this.#schedule.left() : this.#schedule.closed() || this.#host.spread(), signal)
    }
  }

  async #tryToConnect (signal: AbortSignal): Promise<void> {
    this.#enter({ state: 'connecting' })

    try {
      await this.#host.slots.run(async answered => { await this.#dialUnlessConnected(answered, signal) }, signal)
    } catch (err) {
      if (!signal.aborted) {
        await this.#failed(explainFailure(err, this.#host.self.nodeId, this.#rejection, this.#host.gaterTells), signal)
      }
    }
  }

  async #dialUnlessConnected (answered: () => void, signal: AbortSignal): Promise<void> {
    if (this.#link() != null) {
      return // it connected to us while we waited for a slot
    }

    this.#rejection = undefined
    const connection = await this.#dial(answered, signal)
    this.found(connection.remotePeer)

    if (this.#link() == null) {
      throw new ConnectionClosedError('the connection was closed as soon as it was opened')
    }

    this.#host.dialEnded('connected')
  }

  async #dial (answered: () => void, signal: AbortSignal): Promise<Connection> {
    const { dialTimeout } = this.#host
    const controller = new AbortController()
    const onAbort = (): void => { controller.abort(signal.reason) }
    const timer = setTimeout(() => { controller.abort(new TimeoutError(`no connection within ${dialTimeout} ms`)) }, dialTimeout)
    const onProgress = ({ type }: { type: string }): void => {
      if (type === HANDSHAKE_EVENT) {
        answered()
      }
    }

    signal.addEventListener('abort', onAbort)

    try {
      signal.throwIfAborted()

      return await this.#host.openConnection(this.address.multiaddr, { signal: controller.signal, onProgress })
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #failed (failure: DialFailure, signal: AbortSignal): Promise<void> {
    this.#host.dialEnded(failure.outcome)

    if (failure.outcome === 'self') {
      this.#isSelf()
    } else if (this.#link() == null) {
      this.#isBarred = failure.rule != null
      this.#lastError = failure.message
      // it has proven who it is; the name of who was there before is not its name
      this.#facts = failure.nodeId == null || failure.nodeId === this.#facts.nodeId ? this.#facts : { nodeId: failure.nodeId }
      await this.#pause(failure.final === true ? this.#schedule.refused() : this.#schedule.failed(), signal, failure)
    }
  }

  /**
   * Tells that it waits, and why, and waits.
   */
  async #pause (delay: number, signal: AbortSignal, { rule, refusedBy = 'us', final = false, nodeId }: Partial<DialFailure> = {}): Promise<void> {
    const error = this.#lastError ?? ''
    const now = this.#host.now()
    const until = now + delay
    this.#enter(rule == null ? { state: 'waiting', until } : { state: 'refused', rule, refusedBy, final, until }, now)

    // said once for each reason, not at every dial
    if (rule != null && rule !== this.#refusal) {
      this.#host.targetRefused({ address: this.address.text, rule, refusedBy, final, message: error, nodeId })
    }

    this.#refusal = rule
    this.#host.targetRetries({ address: this.address.text, attempts: this.#schedule.failures, delay, error })
    await this.#wait(delay, signal)
  }

  /**
   * Waits, unless the peer connects meanwhile.
   */
  async #wait (delay: number, signal: AbortSignal): Promise<void> {
    if (delay === 0) {
      return
    }

    this.#paused = true
    const timer = setTimeout(() => { this.retry() }, delay)

    try {
      while (this.#paused && !signal.aborted && this.#link() == null) {
        await this.#woken()
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #woken (): Promise<void> {
    await this.#wake.promise
    this.#wake = Promise.withResolvers()
  }

  #isSelf (): void {
    const { nodeId, peerId } = this.#host.self
    this.#peer = peerId.toString()
    this.#facts = { nodeId }
    this.#lastError = undefined
    this.#enter({ state: 'self' })
  }

  #link (): Link | undefined {
    return this.#host.links.get(this.#peer)
  }

  #enter (state: State, now = this.#host.now()): void {
    this.#since = now
    this.#state = state
  }
}
