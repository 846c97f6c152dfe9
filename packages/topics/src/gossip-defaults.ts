import { createHash } from 'node:crypto'
import { InvalidParametersError } from '@libp2p/interface'
import { MAX_MESSAGE_BYTES } from './constants.ts'
import { MessageTooLargeError } from './errors.ts'
import type { GossipsubOpts, Message } from '@libp2p/gossipsub'

/**
 * Settings of {@link gossipsubDefaults}.
 */
export interface GossipsubDefaultsOptions {
  /**
   * How many nodes the network has, about: 2 to 1,000. The degree of the mesh follows from it.
   *
   * @default 50
   */
  members?: number
}

/**
 * Names a message for gossipsub: SHA-256 over the length of the topic as 32-bit big-endian number, the topic, and the
 * data. The whole message counts, because gossipsub marks an ID as seen before it validates: with an ID that a forgery
 * can share, the forgery would suppress the truth. The length keeps `a` + `bc` and `ab` + `c` apart.
 */
export function messageId (message: Pick<Message, 'topic' | 'data'>): Uint8Array {
  const topic = Buffer.from(message.topic)
  const length = Buffer.alloc(4)

  length.writeUInt32BE(topic.byteLength)

  return createHash('sha256').update(length).update(topic).update(message.data).digest()
}

/**
 * Options for `gossipsub()` of @libp2p/gossipsub in a permissioned network of 4 to 200 nodes. Every node of a network
 * must have the same `globalSignaturePolicy`, `msgIdFn` and sizes; the rest may differ.
 *
 * @throws InvalidParametersError if `members` is out of range
 */
export function gossipsubDefaults (options: GossipsubDefaultsOptions = {}): Partial<GossipsubOpts> {
  const members = options.members ?? 50

  if (!Number.isInteger(members) || members < 2 || members > 1_000) {
    throw new InvalidParametersError(`members is a whole number from 2 to 1,000, not ${members}`)
  }

  // a random mesh of degree log2(n) is connected, and every further link is one more copy of each message
  const degree = Math.min(8, Math.max(4, Math.ceil(Math.log2(members))))

  return {
    // our signed message authenticates end to end; gossipsub's own signature would be verified once per copy, in JavaScript
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: messageId,

    // an ID is compared as text with each copy: one character for each byte is the shortest
    msgIdToStrFn: id => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1'),

    // one encoding for all receivers, and no control message of one of them in the message of another
    batchPublish: true,

    // asked for by `topics` where it is needed: where the messages travel by unicast, it would send each a second time
    floodPublish: false,

    // local delivery is ours, so that it happens once whether or not anybody else follows
    emitSelf: false,

    // a topic without other followers is no error: the result of publish says how many there are
    allowPublishToZeroTopicPeers: true,

    // floodsub neither repairs nor limits anything
    fallbackToFloodsub: false,

    // members are known from configuration and status; addresses from other peers are not asked for
    doPX: false,

    // members are kept connected by their own tags; these would write to the peer store with every change of the mesh
    tagMeshPeers: false,

    scoreParams: {
      // nodes of one agency share an address: the default shuts out all of them from the 14th on
      IPColocationFactorWeight: 0,

      // counts broken promises, and an honest node that stalls for some seconds breaks many. Whom a certificate admits
      // is shut out by the access lists, not by a guess
      behaviourPenaltyWeight: 0,
      topics: {}
    },

    D: degree,
    Dlo: degree - 2,
    Dhi: degree * 2,
    // must be below Dlo and at most half of D
    Dout: 1,
    Dscore: degree - 2,

    // each heartbeat three followers, whatever their number, hear what there is since five, and ask for what they missed: that nobody tells a follower of a
    // message has a probability of e^-15
    Dlazy: 3,
    gossipFactor: 0,
    mcacheGossip: 5,
    mcacheLength: 6,

    // one control message for each copy costs more than the copy itself, up to about this size
    idontwantMinDataSize: 16_384,

    // 16 messages of full size: a peer that reads slower than that for long loses its stream, which is then opened anew
    maxOutboundBufferSize: 16 * MAX_MESSAGE_BYTES,

    // of whatever topic: gossipsub itself sends what is too large to nobody, and says nothing
    dataTransform: { inboundTransform: limitSize, outboundTransform: limitSize },

    // the largest frame that gossipsub writes (it repeats several messages in one when a peer asks for them). A peer
    // that sends more loses its stream
    maxInboundDataLength: 4 * 1_048_576,

    // a node of ours follows at most 257 topics, which cost it 300 KiB by gossipsub's count of 1 KiB each
    maxTopicBytesPerPeer: 512 * 1024,

    // all of a node's topics come in one message when a stream opens; the others are gossipsub's own limits
    decodeRpcLimits: {
      maxSubscriptions: 1_024,
      maxMessages: 5_000,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 5_000,
      maxPeerInfos: 16
    },

    // one stream each way, and some that are about to close
    maxInboundStreams: 8,
    maxOutboundStreams: 8
  }
}

function limitSize (topic: string, data: Uint8Array): Uint8Array {
  if (data.byteLength > MAX_MESSAGE_BYTES) {
    throw new MessageTooLargeError(`A message of ${data.byteLength} bytes to ${topic}; gossipsub carries at most ${MAX_MESSAGE_BYTES}`)
  }

  return data
}
