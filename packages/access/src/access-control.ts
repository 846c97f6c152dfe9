import { abbreviate, CertificateRefusedError, identityOf } from '@fisco-libp2p/identity'
import { serviceCapabilities } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { Clocks } from './clock.ts'
import { optional } from './components.ts'
import { CrlExchange } from './crl-exchange.ts'
import { CrlStore } from './crl-store.ts'
import { Expiry } from './expiry.ts'
import { Guard } from './guard.ts'
import { AccessMetrics } from './metrics.ts'
import type { AccessComponents, StatusSeqLike } from './components.ts'
import type { AccessClosed, AccessControl, AccessControlEvents, CertificateExpiring, CertificateTerm, ClockSkew } from './control.ts'
import type { AccessControlInit, AccessLists } from './index.ts'
import type { Identity, NodeId } from '@fisco-libp2p/identity'
import type { Connection, Logger, Startable } from '@libp2p/interface'

/**
 * Puts the parts together: {@link Guard} closes what may not be connected, {@link CrlExchange} spreads what is revoked and {@link CrlStore} keeps it, {@link Expiry} and {@link Clocks} look
 * ahead.
 */
export class AccessControlService extends TypedEventEmitter<AccessControlEvents> implements AccessControl, Startable {
  readonly [Symbol.toStringTag] = '@fisco-libp2p/access'
  readonly [serviceCapabilities]: string[] = ['@fisco-libp2p/access']

  readonly #components: AccessComponents
  readonly #identity: Identity
  readonly #log: Logger
  readonly #metrics: AccessMetrics
  readonly #store: CrlStore
  readonly #uncertified: boolean

  /**
   * The rule by which the own certificate is refused.
   */
  #refusedFor?: string
  #parts?: { guard: Guard, expiry: Expiry, crls?: CrlExchange, clocks?: Clocks }

  constructor (components: AccessComponents, init: AccessControlInit) {
    super()
    this.#uncertified = init.uncertified === 'allow'
    this.#components = components
    this.#identity = identityOf(components)
    this.#log = components.logger.forComponent('fisco-libp2p:access')
    this.#store = new CrlStore(this.#identity.trust, components.datastore, this.#log)
    this.#metrics = new AccessMetrics(components.metrics, {
      heldCrls: () => this.#identity.trust.crls.length,
      secondsLeft: () => this.#secondsLeft(this.calendar().find(({ own }) => own)),
      leastSecondsLeft: () => this.#secondsLeft(this.calendar()[0]),
      clockOffset: () => (this.clock()?.offset ?? 0) / 1000
    })
  }

  /**
   * Before anybody is connected: what was revoked before the restart is revoked from the first handshake on.
   */
  async beforeStart (): Promise<void> {
    await this.#store.start()
  }

  start (): void {
    if (this.#parts != null) {
      return
    }

    const statusSeq = optional(this.#components, 'statusSeq')
    const direct = optional(this.#components, 'direct')
    const shared = { events: this.#components.events, getConnections: () => this.#components.connectionManager.getConnections(), log: this.#log }
    const { trust } = this.#identity

    this.#parts = {
      guard: this.#guard(statusSeq),
      expiry: new Expiry({ identity: this.#identity, statusSeq, onExpiring: expiring => { this.#onExpiring(expiring) } }),
      crls: statusSeq == null || direct == null ? undefined : new CrlExchange({ ...shared, trust, statusSeq, direct, onOutcome: outcome => { this.#metrics.crl(outcome) } }),
      clocks: direct == null ? undefined : new Clocks({ ...shared, direct, now: () => trust.now(), onSkew: skew => { this.#onSkew(skew) } })
    }

    if (this.#uncertified) {
      this.#log.error('WARNING: peers that show no certificate may be connected, and every protocol of this node is open to them')
    }

    trust.addEventListener('trust:change', this.#judgeSelf)
    this.#parts.guard.start()
    this.#parts.expiry.start()
    this.#parts.crls?.start()
    this.#parts.clocks?.start()
  }

  async stop (): Promise<void> {
    const parts = this.#parts

    this.#parts = undefined
    this.#identity.trust.removeEventListener('trust:change', this.#judgeSelf)
    parts?.guard.stop()
    parts?.expiry.stop()
    await Promise.all([parts?.crls?.stop(), parts?.clocks?.stop()])
    await this.#store.stop()
  }

  calendar (): CertificateTerm[] {
    return this.#parts?.expiry.calendar() ?? []
  }

  clock (): ClockSkew | undefined {
    return this.#parts?.clocks?.skew
  }

  clockOffsets (): ReadonlyMap<NodeId, number> {
    return this.#parts?.clocks?.offsets ?? new Map()
  }

  #guard (statusSeq?: StatusSeqLike): Guard {
    const { events, connectionManager, connectionGater } = this.#components

    return new Guard({
      trust: this.#identity.trust,
      uncertified: this.#uncertified,
      lists: isLists(connectionGater) ? connectionGater : undefined,
      events,
      getConnections: (): Connection[] => connectionManager.getConnections(),
      recordOf: nodeId => statusSeq?.get(nodeId),
      expel: async (peerId, rule) => await optional(this.#components, 'peers')?.expel(peerId, rule) ?? false,
      onClosed: closed => { this.#onClosed(closed) }
    })
  }

  #onClosed (closed: AccessClosed): void {
    const { peerId, nodeId, rule, message, address } = closed

    this.#metrics.closed(rule)
    this.#log.error('the connection with %s (%s) is closed (%s): %s', nodeId == null ? peerId : abbreviate(nodeId), address, rule, message)
    this.safeDispatchEvent('access:closed', { detail: closed })
  }

  #onExpiring (expiring: CertificateExpiring): void {
    const { own, nodeId, name, certificate, notAfter, days } = expiring

    this.#log.error('%s: %s %s at %s', own ? 'this node' : `node ${abbreviate(nodeId)} ("${name}")`, certificate, days === 0 ? 'has ended' : `ends in ${days} days or less,`, new Date(notAfter).toISOString())
    this.safeDispatchEvent('certificate:expiring', { detail: expiring })
  }

  #onSkew (skew: ClockSkew): void {
    this.#log.error('this clock is %d ms %s those of the %d neighbours (their median)%s', Math.abs(skew.offset), skew.offset > 0 ? 'behind' : 'ahead of', skew.neighbours, skew.skewed ? ': set it, or certificates are judged wrongly' : ' again')
    this.safeDispatchEvent('clock:skew', { detail: skew })
  }

  /**
   * A node that knows itself to be revoked goes on, and says why nobody wants it.
   */
  readonly #judgeSelf = (): void => {
    try {
      this.#identity.trust.judge(this.#identity.chain)
      this.#refusedFor = undefined
    } catch (err) {
      if (err instanceof CertificateRefusedError && err.rule !== this.#refusedFor) {
        this.#refusedFor = err.rule
        this.#log.error('this node\'s own certificate is not accepted any more, so others refuse it: %s', err.message)
        this.safeDispatchEvent('certificate:refused', { detail: { rule: err.rule, message: err.message } })
      }
    }
  }

  #secondsLeft (term?: CertificateTerm): number {
    return term == null ? 0 : Math.round((term.notAfter - this.#identity.trust.now()) / 1000)
  }
}

function isLists (gater?: object): gater is AccessLists {
  return typeof (gater as AccessLists | undefined)?.allows === 'function'
}
