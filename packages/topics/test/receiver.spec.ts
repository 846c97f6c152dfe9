import { createIdentities } from '@fisco-libp2p/test-kit'
import { encodeEnvelope, MAX_HELD_PER_AUTHOR, MESSAGE_VERSION, Receiver } from '@fisco-libp2p/topics'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { expect } from 'chai'
import fc from 'fast-check'
import { VERDICTS } from '../src/receiver.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { Envelope, Judgement, Outcome, ReceiverInit } from '@fisco-libp2p/topics'

const TOPIC = 'fisco/prices'
const incarnation = Date.now()
const isPrices = ({ topic }: Envelope): Outcome | undefined => topic === TOPIC ? undefined : 'wrong-topic'

describe('judging received messages', () => {
  let self: Identity
  let author: Identity
  let other: Identity
  let members: Map<string, number>
  let receiver: Receiver
  let verifications: number

  before(async () => {
    [self, author, other] = await createIdentities(3)
  })

  beforeEach(() => {
    members = new Map([self, author, other].map(({ nodeId }) => [nodeId, incarnation]))
    verifications = 0
    receiver = create()
  })

  afterEach(() => { receiver.stop() })

  function create (init: Partial<ReceiverInit> = {}): Receiver {
    return new Receiver({
      self: self.nodeId,
      networkId: self.networkId,
      incarnationOf: nodeId => members.get(nodeId),
      onVerify: () => { verifications++ },
      ...init
    })
  }

  function encode (fields: Partial<Envelope> = {}, signer: Identity = author): Uint8Array {
    return encodeEnvelope({ author: author.nodeId, incarnation, sequence: 1, topic: TOPIC, data: Uint8Array.of(1), ...fields }, fields => signer.sign('topic', MESSAGE_VERSION, fields))
  }

  async function outcome (bytes: Uint8Array, topic: string = TOPIC): Promise<string> {
    return (await receiver.judge(bytes, 'neighbour', message => message.topic === topic ? undefined : 'wrong-topic')).outcome
  }

  it('accepts what a member signed', async () => {
    const { envelope, ...judgement } = await receiver.judge(encode({ data: Uint8Array.of(5) }), 'neighbour', isPrices)

    expect(judgement).to.deep.equal({ outcome: 'accepted', author: author.nodeId })
    expect(envelope).to.deep.include({ author: author.nodeId, incarnation, sequence: 1, topic: TOPIC, data: Uint8Array.of(5) })
  })

  it('does not blame a neighbour whose clock is ahead', async () => {
    const now = Date.now()
    const bytes = encode({ incarnation: now + 86_400_000 + 1_000 })

    receiver = create({ now: () => now + 2_000 })
    expect(await outcome(bytes)).to.equal('accepted')
    receiver = create({ now: () => now })
    expect(await outcome(bytes)).to.equal('future')
    expect(VERDICTS.future).to.equal(TopicValidatorResult.Ignore)
  })

  for (const keyType of ['ed25519', 'rsa'] as const) {
    it(`accepts what a member with a ${keyType} key signed, also in a network of other keys`, async () => {
      const [member] = await createIdentities(1, { keyType })
      const encoded = encodeEnvelope({ author: member.nodeId, incarnation, sequence: 1, topic: TOPIC, data: Uint8Array.of(1) }, fields => member.sign('topic', MESSAGE_VERSION, fields))

      members.set(member.nodeId, incarnation)
      receiver = create({ networkId: member.networkId })
      expect(await outcome(encoded)).to.equal('accepted')
      expect(receiver.windows).to.equal(1)
    })
  }

  it('accepts nothing but what was signed, whichever bit is changed', async () => {
    const original = encode({ data: Buffer.from('data') })
    const { envelope: expected } = await create().judge(original, 'neighbour', isPrices)
    const outcomes = new Map<string, number>()

    for (let bit = 0; bit < original.byteLength * 8; bit += 3) {
      const fresh = create()
      const judging = fresh.judge(original.map((byte, i) => i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte), 'neighbour', isPrices)

      // nothing is held
      fresh.stop()

      const { outcome, envelope } = await judging

      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)

      if (outcome === 'accepted') {
        // protobuf can write the same message in several ways
        expect(envelope).to.deep.equal(expected)
      }
    }

    expect(outcomes.get('accepted') ?? 0).to.be.below(16)
    expect(outcomes.get('bad-signature')).to.be.above(180)
    expect(outcomes.get('unknown-author')).to.be.above(150)
    expect(outcomes.get('wrong-topic')).to.be.above(30)
  })

  it('rejects every message that somebody else signed for the author', async () => {
    expect(await outcome(encode({}, other))).to.equal('bad-signature')
    expect(await outcome(encode({ author: other.nodeId }))).to.equal('bad-signature')
  })

  it('rejects a message on another topic than it was signed for', async () => {
    expect(await outcome(encode(), 'fisco/blocks')).to.equal('wrong-topic')
    expect(await outcome(encode(), TOPIC)).to.equal('accepted')
  })

  it('rejects an author whose node ID is no point of the curve', async () => {
    const nowhere = '11'.repeat(64)

    members.set(nowhere, incarnation)
    expect(await outcome(encode({ author: nowhere }))).to.equal('bad-signature')
  })

  it('ignores its own messages when they come back', async () => {
    expect(await outcome(encode({ author: self.nodeId }, self))).to.equal('own')
    expect(verifications).to.equal(0)
  })

  it('ignores the version of a later format', async () => {
    expect(await outcome(Uint8Array.of(8, 2, 18, 1, 0))).to.equal('unsupported-version')
  })

  it('takes a message once, and verifies it once, however it is encoded', async () => {
    const original = encode()
    // an unknown field, which the signature does not cover
    const again = Buffer.concat([original, Uint8Array.of(0x78, 1)])

    expect(await outcome(original)).to.equal('accepted')
    expect(await outcome(again)).to.equal('duplicate')
    expect(await outcome(original)).to.equal('duplicate')
    expect(verifications).to.equal(1)
  })

  it('does not count a forgery as the message', async () => {
    expect(await outcome(encode({ data: Uint8Array.of(9) }, other))).to.equal('bad-signature')
    expect(await outcome(encode())).to.equal('accepted')
  })

  it('refuses messages of an earlier incarnation, by the status record and by what it has seen', async () => {
    expect(await outcome(encode({ incarnation: incarnation - 1 }))).to.equal('stale')
    expect(await outcome(encode({ incarnation: incarnation + 5 }))).to.equal('accepted')
    // the record may come later than the first message
    expect(await outcome(encode({ sequence: 2 }))).to.equal('stale')
    members.set(author.nodeId, incarnation + 9)
    expect(await outcome(encode({ incarnation: incarnation + 5, sequence: 2 }))).to.equal('stale')
    expect(await outcome(encode({ incarnation: incarnation + 9 }))).to.equal('accepted')
    expect(verifications).to.equal(2)
  })

  it('refuses messages far behind the latest', async () => {
    expect(await outcome(encode({ sequence: 2_000 }))).to.equal('accepted')
    expect(await outcome(encode({ sequence: 2_000 - 1_024 }))).to.equal('stale')
    expect(await outcome(encode({ sequence: 2_000 - 1_023 }))).to.equal('accepted')
  })

  it('holds messages of an unknown author until its record comes', async () => {
    members.delete(author.nodeId)

    const judgements = [1, 2].map(async sequence => receiver.judge(encode({ sequence }), 'neighbour', isPrices))

    expect(receiver.held).to.equal(2)
    receiver.release(other.nodeId)
    expect(receiver.held).to.equal(2)
    members.set(author.nodeId, incarnation)
    receiver.release(author.nodeId)
    expect((await Promise.all(judgements)).map(({ outcome }) => outcome)).to.deep.equal(['accepted', 'accepted'])
    expect(receiver.held).to.equal(0)
  })

  it('still judges what it held', async () => {
    members.delete(author.nodeId)

    const judgements = Promise.all([encode(), encode(), encode({ incarnation: incarnation - 1 }), encode({ sequence: 2 }, other)].map(async bytes => receiver.judge(bytes, 'neighbour', isPrices)))

    members.set(author.nodeId, incarnation)
    receiver.release(author.nodeId)
    expect((await judgements).map(({ outcome }) => outcome)).to.deep.equal(['accepted', 'duplicate', 'stale', 'bad-signature'])
  })

  it('ignores messages of an unknown author whose record does not come', async () => {
    members.delete(author.nodeId)
    receiver = create({ holdTimeout: 20 })
    expect(await outcome(encode())).to.equal('unknown-author')
    expect(receiver.held).to.equal(0)
    expect(verifications).to.equal(0)
  })

  it('holds 64 messages of one author, and ignores the rest', async () => {
    members.delete(author.nodeId)

    const held: Array<Promise<Judgement>> = []

    for (let sequence = 1; sequence <= MAX_HELD_PER_AUTHOR; sequence++) {
      held.push(Promise.resolve(receiver.judge(encode({ sequence }), 'neighbour', isPrices)))
    }

    expect(await outcome(encode({ sequence: 100 }))).to.equal('hold-full')
    expect(receiver.held).to.equal(MAX_HELD_PER_AUTHOR)
    receiver.stop()
    expect((await Promise.all(held)).every(({ outcome }) => outcome === 'unknown-author')).to.equal(true)
    expect(receiver.held).to.equal(0)
  })

  it('judges any bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
      expect(await outcome(bytes)).to.be.oneOf(['malformed', 'unsupported-version', 'wrong-topic'])
    }))
  })
})
