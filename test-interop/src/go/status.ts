import { setTimeout } from 'node:timers/promises'
import { BROADCAST_TOPIC } from '@fisco-libp2p/topics'
import { pEvent } from 'p-event'
import { WAIT } from './expect.ts'
import type { Ours } from './bench.ts'
import type { NodeLine, DrivenNode } from './driven-node.ts'
import type { PublishResult } from '@fisco-libp2p/topics'

/**
 * The entry fisco/topics of a node that follows "prices", and takes messages by unicast.
 */
export const FOLLOWS_PRICES = '0a067072696365731001'

/**
 * A status record, as a driven node prints it.
 */
export interface NodeRecord {
  nodeId: string
  incarnation: number
  entries: Record<string, string>
}

/**
 * Whether a line of the Go node is a record of this node with this entry.
 */
export function hasEntry (line: NodeLine, nodeId: string, name: string, value: string): boolean {
  const record = line.record as NodeRecord

  return record.nodeId === nodeId && record.entries[name] === value
}

/**
 * The records of a node that the Go node has.
 */
export async function statusAtGo (go: DrivenNode, nodeId: string): Promise<NodeRecord[]> {
  return ((await go.command('list-status')).records as NodeRecord[]).filter(record => record.nodeId === nodeId)
}

/**
 * Waits until ours has a node's record, with an entry if one is named.
 */
export async function oursHas (ours: Ours, nodeId: string, name?: string, value?: string): Promise<void> {
  const signal = AbortSignal.timeout(WAIT)

  for await (const record of ours.services.statusSeq.changes({ signal })) {
    const held = name == null ? undefined : record.entries.get(name)

    if (record.nodeId === nodeId && (name == null || (held != null && Buffer.from(held).toString('hex') === value))) {
      return
    }
  }

  throw new Error(`waited ${WAIT} ms for the status of ${nodeId} at ours${name == null ? '' : ` with ${name} = ${value}`}`)
}

/**
 * Publishes until a neighbour gets it: one that takes nothing by unicast is in gossipsub's mesh 3 s after it was seen, and not before.
 */
export async function published (publish: () => Promise<PublishResult>): Promise<void> {
  for (const signal = AbortSignal.timeout(WAIT); (await publish()).recipients === 0;) {
    await setTimeout(250, undefined, { signal })
  }
}

/**
 * Waits until gossipsub of ours knows that the Go node hears broadcasts.
 */
export async function subscribed (ours: Ours, go: DrivenNode): Promise<void> {
  const { pubsub } = ours.services
  const known = (): boolean => pubsub.getSubscribers(BROADCAST_TOPIC).some(peer => peer.toString() === go.peerId)

  if (!known()) {
    await pEvent(pubsub, 'subscription-change', { filter: known, timeout: WAIT })
  }
}
