/**
 * The limit that the other end of a connection has broken: `unread`, frames wait for it that it does not read; `negotiation`, it asks for protocols on a stream without end.
 */
export type PeerLimitRule = 'unread' | 'negotiation'

/**
 * The rules of {@link PeerLimitError}, as labels of `fisco_muxer_limits_broken_total`.
 */
export const PEER_LIMIT_RULES: readonly PeerLimitRule[] = ['unread', 'negotiation']

/**
 * Why a connection (`unread`) or a stream (`negotiation`) was aborted: the other end has broken a limit that no honest one comes near.
 */
export class PeerLimitError extends Error {
  override readonly name = 'PeerLimitError'
  readonly rule: PeerLimitRule

  constructor (rule: PeerLimitRule, message: string) {
    super(message)
    this.rule = rule
  }
}
