import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { signatureInput, signFields } from '@fisco-libp2p/identity'
import { documentedConstants, documentedNames, documentedTable, documentedValue, documentedVector, wireNames } from '@fisco-libp2p/test-kit'
import { answerQuestion, decodeAnswer, decodeEnvelope, decodeFollowed, decodeHeard, decodeParcel, decodeQuestion, decodeRequest, encodeEnvelope, encodeFollowed, encodeHeard, encodeParcel, encodeQuestion, encodeRequest, gossipsubDefaults, History, MESSAGE_VERSION, messageId, relayTree, Restrictions, TAILS_ENTRY, TailBoard, tailsOf, verifyEnvelope, verifyReceipt } from '@fisco-libp2p/topics'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { signReceipt } from '../src/parcel.ts'
import { VERDICTS } from '../src/receiver.ts'
import type { Identity, SignaturePurpose } from '@fisco-libp2p/identity'
import type { KeyObject } from 'node:crypto'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (name: string): Uint8Array => Uint8Array.from(Buffer.from(documentedVector(name), 'hex'))

const ED25519 = documentedVector('node ID Ed25519')
const SECP256K1 = documentedVector('node ID secp256k1')
const networkId = Buffer.from('fisco-libp2p test vector network')
const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), bytes('private key Ed25519')]), format: 'der', type: 'pkcs8' })
const sign = (purpose: SignaturePurpose, version: number, fields: readonly Uint8Array[]): Uint8Array => signFields(privateKey, { purpose, version, networkId }, fields)

const incarnation = 1_767_225_600_000
const MESSAGE = Uint8Array.of(1, 2)
const MESSAGES = [
  {
    vectors: ['signed message Ed25519', 'signed message Ed25519, signed hash', 'signed message Ed25519, message ID'],
    spki: 'SubjectPublicKeyInfo Ed25519',
    envelope: { author: ED25519, incarnation, sequence: 1, topic: 'fisco/prices', data: Uint8Array.of(10, 11, 12) }
  },
  {
    vectors: ['signed message secp256k1', 'signed message secp256k1, signed hash', 'signed message secp256k1, message ID'],
    spki: 'SubjectPublicKeyInfo secp256k1',
    envelope: { author: SECP256K1, incarnation, sequence: 300, topic: 'fisco-broadcast', data: new Uint8Array() }
  }
]

function keyOf (spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(documentedVector(spki), 'hex'), format: 'der', type: 'spki' })
}

describe('docs/PROTOCOLS.md, topics', () => {
  for (const { vectors: [name, signedHash, id], spki, envelope } of MESSAGES) {
    it(`vectors: ${name}`, () => {
      const wire = bytes(name)
      const decoded = decodeEnvelope(wire, Date.now())
      let signed: readonly Uint8Array[] = []
      const again = encodeEnvelope(envelope, fields => {
        signed = fields

        return name.endsWith('Ed25519') ? sign('topic', MESSAGE_VERSION, fields) : decoded.signature
      })

      expect(hex(again)).to.equal(documentedVector(name))
      expect(decoded).to.deep.include({ version: MESSAGE_VERSION, ...envelope })
      expect(verifyEnvelope(decoded, keyOf(spki), networkId)).to.equal(true)
      expect(createHash('sha256').update(signatureInput({ purpose: 'topic', version: MESSAGE_VERSION, networkId }, signed)).digest('hex')).to.equal(documentedVector(signedHash))
      expect(hex(messageId({ topic: envelope.topic, data: wire }))).to.equal(documentedVector(id))
    })
  }

  for (const [name, unicast] of [['entry fisco/topics', false], ['entry fisco/topics, with unicast', true]] as const) {
    it(`vector: ${name}`, () => {
      expect(hex(encodeFollowed(['prices', 'blocks'], unicast))).to.equal(documentedVector(name))
      expect(decodeFollowed(bytes(name))).to.deep.equal({ names: new Set(['blocks', 'prices']), unicast })
    })
  }

  it('vector: entry fisco/topics/tails', () => {
    let entry = new Uint8Array()
    const board = new TailBoard({ set: (_, value) => { entry = new Uint8Array(value) } })

    board.update('fisco/prices', { oldest: 3, last: 300 })
    board.stop()
    expect(hex(entry)).to.equal(documentedVector('entry fisco/topics/tails'))
    expect(tailsOf({ entries: new Map([[TAILS_ENTRY, bytes('entry fisco/topics/tails')]]) })).to.deep.equal(new Map([['fisco/prices', { oldest: 3, last: 300 }]]))
  })

  it('vector: entry fisco/topics/restricted', () => {
    const agency = `agency:${'ab'.repeat(32)}`
    const { hash } = new Restrictions({ prices: { publishers: [ED25519], followers: [ED25519, agency] }, blocks: { followers: [agency] } }, () => undefined)

    expect(hex(hash ?? new Uint8Array())).to.equal(documentedVector('entry fisco/topics/restricted'))
    expect(createHash('sha256').update(`[["blocks",["${agency}"],["${agency}"]],["prices",["${ED25519}"],["${agency}","${ED25519}"]]]`).digest('hex')).to.equal(documentedVector('entry fisco/topics/restricted'))
  })

  it('vector: request fisco/topics', () => {
    expect(hex(encodeRequest('prices', Uint8Array.of(10, 11, 12)))).to.equal(documentedVector('request fisco/topics'))
    expect(decodeRequest(bytes('request fisco/topics'))).to.deep.equal({ topic: 'prices', data: Uint8Array.of(10, 11, 12) })
  })

  it('vectors: request and answer fisco/topics/fetch', () => {
    const which = { topic: 'fisco/prices', author: ED25519, incarnation }
    const history = new History()
    const question = decodeQuestion(bytes('request fisco/topics/fetch'))
    history.add({ ...which, sequence: 3 }, MESSAGE)

    expect(hex(encodeQuestion({ ...which, from: 1, to: 300 }))).to.equal(documentedVector('request fisco/topics/fetch'))
    expect(question).to.deep.equal({ ...which, from: 1, to: 300 })
    expect(hex(answerQuestion(question, history))).to.equal(documentedVector('answer fisco/topics/fetch'))
    expect(decodeAnswer(bytes('answer fisco/topics/fetch'))).to.deep.equal({ oldest: 3, messages: [MESSAGE] })
  })

  it('vector: notification fisco/topics/heard', () => {
    const heard = { topic: 'fisco/prices', author: ED25519, incarnation, last: 300 }

    expect(hex(encodeHeard(heard))).to.equal(documentedVector('notification fisco/topics/heard'))
    expect(decodeHeard(bytes('notification fisco/topics/heard'))).to.deep.equal(heard)
  })

  for (const [name, route] of [['request fisco/topics/deliver', [ED25519]], ['request fisco/topics/deliver, arrived', []]] as const) {
    it(`vector: ${name}`, () => {
      expect(hex(encodeParcel({ route, message: MESSAGE }))).to.equal(documentedVector(name))
      expect(decodeParcel(bytes(name))).to.deep.equal({ route, message: MESSAGE })
    })
  }

  it('vector: answer fisco/topics/deliver', () => {
    const key = keyOf('SubjectPublicKeyInfo Ed25519')

    expect(hex(signReceipt({ sign } as unknown as Identity, MESSAGE))).to.equal(documentedVector('answer fisco/topics/deliver'))
    expect(verifyReceipt(bytes('answer fisco/topics/deliver'), MESSAGE, key, networkId)).to.equal(true)
    expect(verifyReceipt(bytes('answer fisco/topics/deliver'), Uint8Array.of(1, 3), key, networkId)).to.equal(false)
  })

  it('the tree of the example', () => {
    const nodeId = (i: string): string => i.padStart(64, '0')
    const rows = documentedTable('node', 'links', 'children in the tree of node 0')
    const list = (cell: string): string[] => cell === '-' ? [] : cell.split(', ').map(nodeId)
    const links = new Map(rows.map(([node, linked]) => [nodeId(node), new Set(list(linked))]))
    const tree = relayTree(nodeId('0'), new Set(links.keys()), links)

    for (const [node, , children] of rows) {
      expect(tree.get(nodeId(node)) ?? []).to.deep.equal(list(children))
    }
  })

  it('rules by which a message is judged', () => {
    const told = { [TopicValidatorResult.Reject]: 'reject', [TopicValidatorResult.Ignore]: 'ignore', [TopicValidatorResult.Accept]: 'accept' }
    const documented = documentedTable('rule', 'if not', 'gossipsub is told').flatMap(([, outcomes, verdict]) => outcomes.split(/, or /).map(outcome => [outcome.split(' ')[0], verdict]))

    expect({ ...Object.fromEntries(documented), accepted: 'accept' }).to.deep.equal(Object.fromEntries(Object.entries(VERDICTS).map(([outcome, verdict]) => [outcome, told[verdict]])))
  })

  it('what gossipsub must be like', () => {
    const settings = Object.fromEntries(documentedTable('setting', 'value'))
    const { globalSignaturePolicy, maxInboundDataLength } = gossipsubDefaults()

    expect(settings['signature policy']).to.match(new RegExp(`^${String(globalSignaturePolicy)}:`))
    expect(documentedValue(settings['largest frame'])).to.equal(maxInboundDataLength)
    expect(documentedValue(settings['largest message'])).to.equal(constants.MAX_MESSAGE_BYTES)
  })

  it('constants and names', () => {
    expect({ ...constants }).to.include(documentedConstants('topics'))
    expect(new Set(wireNames(constants))).to.deep.equal(new Set(documentedNames('topics')))
  })
})
