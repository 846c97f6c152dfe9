import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { signFields } from '@fisco-libp2p/identity'
import { answerQuestion, decodeAnswer, decodeParcel, decodeQuestion, encodeFollowed, encodeParcel, encodeQuestion, History, MAX_ROUTE, TAILS_ENTRY, TailBoard, tailsOf, verifyReceipt } from '@fisco-libp2p/topics'
import { expect } from 'chai'
import fc from 'fast-check'

const NODE = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('bytes of the topics protocols', () => {
  it('are those of docs/PROTOCOLS.md', async () => {
    const text = await readFile(new URL('../../../../docs/PROTOCOLS.md', import.meta.url), 'utf8')
    const history = new History()
    let tails = new Uint8Array(0)
    const board = new TailBoard({ set: (_, value) => { tails = new Uint8Array(value) } })
    const which = { topic: 'fisco/prices', author: NODE, incarnation: 1_767_225_600_000, sequence: 3 }

    board.update('fisco/prices', { oldest: 3, last: 300 })
    board.stop()
    history.add(which, Uint8Array.of(1, 2))

    const question = encodeQuestion({ ...which, from: 1, to: 300 })
    // RFC 8032, 7.1, test 1
    const key = createPrivateKey({ key: Buffer.from('302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'), format: 'der', type: 'pkcs8' })
    const networkId = Buffer.from('fisco-libp2p test vector network')
    const receipt = signFields(key, { purpose: 'receipt', version: 1, networkId }, [createHash('sha256').update(Uint8Array.of(1, 2)).digest()])

    expect(verifyReceipt(receipt, Uint8Array.of(1, 2), createPublicKey(key), networkId)).to.equal(true)
    expect(verifyReceipt(receipt, Uint8Array.of(1, 3), createPublicKey(key), networkId)).to.equal(false)

    for (const bytes of [
      encodeFollowed(['prices', 'blocks'], true),
      tails,
      question,
      answerQuestion(decodeQuestion(question), history),
      encodeParcel({ route: [NODE], message: Uint8Array.of(1, 2) }),
      receipt
    ]) {
      expect(text).to.contain(`\`${hex(bytes)}\``)
    }
  })

  it('are read back, and any others give a value or a typed error', () => {
    const parcel = { route: [NODE, '11'.repeat(64)], message: Uint8Array.of(1, 2) }

    expect(decodeParcel(encodeParcel(parcel))).to.deep.equal(parcel)
    expect(() => decodeParcel(encodeParcel({ route: Array.from({ length: MAX_ROUTE + 1 }, () => NODE), message: new Uint8Array(0) }))).to.throw().with.property('name', 'MalformedMessageError')

    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      for (const read of [() => decodeParcel(bytes), () => decodeAnswer(bytes), () => answerQuestion(decodeQuestion(bytes), new History())]) {
        try {
          read()
        } catch (err) {
          expect(err).to.have.property('name', 'MalformedMessageError')
        }
      }

      for (const { oldest, last } of tailsOf({ entries: new Map([[TAILS_ENTRY, bytes]]) }).values()) {
        expect(oldest).to.be.within(1, last)
      }
    }))
  })
})
