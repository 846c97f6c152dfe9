import { abbreviate, parseNodeId } from '@fisco-libp2p/identity'
import { TypedEventEmitter } from '@libp2p/interface'
import { parseList } from './lists.ts'
import { nodeIdOf } from './node-id-of.ts'
import type { AccessEvents, AccessGaterInit, AccessLists, AccessListsUpdate, AccessRule, AccessVerdict } from './index.ts'
import type { NodeList } from './lists.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { ConnectionGater, Logger, MultiaddrConnection, PeerId } from '@libp2p/interface'

type Direction = 'inbound' | 'outbound'

/**
 * libp2p asks it at four moments: before it dials a peer that it knows, when that dial has a socket, and, in both
 * directions, when the peer has proven who it is and no byte of any protocol was exchanged yet.
 */
export class AccessGater extends TypedEventEmitter<AccessEvents> implements ConnectionGater, AccessLists {
  readonly refusals: Record<AccessRule, Record<Direction, number>> = {
    denied: { inbound: 0, outbound: 0 },
    'not-allowed': { inbound: 0, outbound: 0 }
  }

  #allow: NodeList
  #deny: NodeList
  readonly #self: AccessGaterInit['identity']
  readonly #log?: Logger

  constructor (init: AccessGaterInit) {
    super()
    this.#self = init.identity
    this.#log = init.logger?.forComponent('fisco-libp2p:access')
    this.#allow = parseList('allow', init.allow ?? [])
    this.#deny = parseList('deny', init.deny ?? [])
    this.#logLists()
  }

  get allow (): readonly NodeId[] {
    return [...this.#allow.nodeIds]
  }

  get deny (): readonly NodeId[] {
    return [...this.#deny.nodeIds]
  }

  allows (node: NodeId | PeerId): AccessVerdict {
    return typeof node === 'string' ? this.#judge('nodeIds', parseNodeId(node)) : this.#judge('peerIds', node.toString(), node)
  }

  update (lists: AccessListsUpdate): void {
    const allow = lists.allow == null ? this.#allow : parseList('allow', lists.allow)
    const deny = lists.deny == null ? this.#deny : parseList('deny', lists.deny)

    // nothing is replaced before both are known to be good
    this.#allow = allow
    this.#deny = deny
    this.#logLists()
    this.safeDispatchEvent('access:change', { detail: undefined })
  }

  denyDialPeer (peerId: PeerId): boolean {
    return this.#refuses(peerId, 'outbound')
  }

  denyOutboundConnection (peerId: PeerId, maConn: MultiaddrConnection): boolean {
    return this.#refuses(peerId, 'outbound', maConn)
  }

  denyOutboundEncryptedConnection (peerId: PeerId, maConn: MultiaddrConnection): boolean {
    return this.#refuses(peerId, 'outbound', maConn)
  }

  denyInboundEncryptedConnection (peerId: PeerId, maConn: MultiaddrConnection): boolean {
    return this.#refuses(peerId, 'inbound', maConn)
  }

  #judge (spelling: keyof NodeList, id: string, peerId?: PeerId): AccessVerdict {
    const self = spelling === 'nodeIds' ? this.#self?.nodeId : this.#self?.peerId.toString()

    if (id === self) {
      return { allowed: true }
    }

    if (this.#deny[spelling].has(id)) {
      return { allowed: false, rule: 'denied', message: `Node ${nameOf(peerId ?? id)} is on the deny list: remove it from there to let it in` }
    }

    if (this.#allow.nodeIds.size > 0 && !this.#allow[spelling].has(id)) {
      return { allowed: false, rule: 'not-allowed', message: `Node ${nameOf(peerId ?? id)} is not on the allow list: add it there to let it in` }
    }

    return { allowed: true }
  }

  #refuses (peerId: PeerId, direction: Direction, maConn?: MultiaddrConnection): boolean {
    const verdict = this.allows(peerId)

    if (verdict.allowed) {
      return false
    }

    const { rule, message } = verdict
    const address = maConn?.remoteAddr.toString()
    const log = this.#log ?? maConn?.log
    this.refusals[rule][direction]++
    log?.('%s connection %s %s refused (%s): %s', direction, direction === 'inbound' ? 'from' : 'to', address ?? peerId, rule, message)
    this.safeDispatchEvent('access:refused', { detail: { peerId, nodeId: nodeIdOf(peerId), direction, rule, message, address } })

    return true
  }

  #logLists (): void {
    const allow = this.#allow.nodeIds.size === 0 ? 'everybody' : `${this.#allow.nodeIds.size} nodes`
    this.#log?.('allowed: %s, denied: %d nodes', allow, this.#deny.nodeIds.size)

    if (this.#self != null && this.#deny.nodeIds.has(this.#self.nodeId)) {
      this.#log?.('the deny list contains this node itself, %s: the other nodes that have this list will refuse it', abbreviate(this.#self.nodeId))
    }
  }
}

function nameOf (node: NodeId | PeerId): string {
  return typeof node === 'string' ? abbreviate(node) : abbreviate(nodeIdOf(node) ?? node.toString())
}
