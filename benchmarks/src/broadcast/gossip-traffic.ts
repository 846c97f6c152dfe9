import type { Traffic } from './broadcast-node.ts'
import type { GossipSub } from '@libp2p/gossipsub'

interface Control {
  ihave: unknown[]
  iwant: unknown[]
  graft: unknown[]
  prune: unknown[]
  idontwant: unknown[]
}

/**
 * What gossipsub hands each frame to that it has read; it has no other place where a frame can be seen without its own metrics, which cost more.
 */
interface Frames {
  handleReceivedRpc (from: unknown, rpc: { messages: unknown[], control?: Control }): Promise<void>
}

/**
 * Counts what gossipsub receives.
 */
export function gossipTraffic (pubsub: GossipSub): () => Traffic {
  const frames = pubsub as unknown as Frames
  const handle = frames.handleReceivedRpc.bind(pubsub)
  let counted = { copies: 0, control: 0 }

  frames.handleReceivedRpc = async (from, rpc) => {
    counted.copies += rpc.messages.length
    counted.control += Object.values(rpc.control ?? {}).reduce((sum: number, list: unknown[]) => sum + list.length, 0)

    return handle(from, rpc)
  }

  return () => {
    const before = counted
    counted = { copies: 0, control: 0 }

    return before
  }
}
