import { encodeMessage, MAX_FRAME_BYTES, Outbox } from '@fisco-libp2p/status-seq'
import { createIdentities } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { CHAIN_COST, COMPARE_BURST, RECORDS_PER_COMPARISON, RECORDS_PER_TURN } from '../src/constants.ts'
import { PureNode } from './support/network.ts'
import { startNode } from './support/nodes.ts'
import { send, startRawPeer } from './support/raw-peer.ts'
import { seal, travelling, unsigned } from './support/records.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { StatusMessage } from '@fisco-libp2p/status-seq'

describe('what one member can cost another', () => {
  let identities: Identity[]

  before(async () => {
    identities = await createIdentities(2, { keyType: 'secp256k1' })
  })

  /**
   * Hands a message to a node that knows 1,000 others, and lets it say what it has to say.
   *
   * @returns how many records it looked at
   */
  function lookedAt (message: StatusMessage): number {
    const node = new PureNode(identities[0], { maxNodes: 2_000 })
    const outbox = new Outbox(identities[1].nodeId, identities[0].nodeId, node.table)

    for (let i = 0; i < 1_000; i++) {
      node.table.take(unsigned(i.toString(16).padStart(4, '0').repeat(16), { incarnation: 1, seq: 1, hash: 'ab'.repeat(32) }), 0, 0)
    }

    const records = node.table.records.bind(node.table)
    let count = 0
    node.table.records = range => {
      const found = records(range)
      count += found.length

      return found
    }

    expect(encodeMessage(message).byteLength).to.be.at.most(MAX_FRAME_BYTES)
    node.exchange.receive(outbox, message, 0)

    while (outbox.next(0) != null) {
      // until all is said
    }

    return count
  }

  const heavy: Array<[string, () => StatusMessage]> = [
    ['comparisons of everything, again and again', () => ({ compares: Array.from({ length: 256 }, () => ({ from: '', parts: [{ digest: 'ab'.repeat(16) }] })) })],
    ['lists of everything, again and again', () => ({ lists: Array.from({ length: 256 }, () => ({ from: '', numbers: [] })) })]
  ]

  for (const [what, message] of heavy) {
    it(`is bounded with ${what}`, () => {
      // what it may compare at a stretch, once to see that it differs and once to answer
      expect(lookedAt(message())).to.be.within(1_000, 2 * COMPARE_BURST * RECORDS_PER_COMPARISON + 10_000)
    })
  }

  it('counts, where it brings chains that nobody trusts', async () => {
    const [stranger] = await createIdentities(1, { keyType: 'secp256k1' })
    const node = new PureNode(identities[0])
    const outbox = new Outbox(identities[1].nodeId, identities[0].nodeId, node.table)
    const cost = (message: StatusMessage): number => node.exchange.receive(outbox, message, 0)

    expect(cost({ records: [travelling(seal(stranger)), travelling(seal(stranger, 2))] })).to.equal(2 * CHAIN_COST)
    expect(node.refused).to.deep.equal(['untrusted', 'untrusted'])
    // as a newcomer, and as one that is known
    expect(cost({ records: [travelling(seal(identities[1]))] })).to.equal(1)
    expect(cost({ records: [travelling(seal(identities[1], 2))] })).to.equal(1)
    // one that was gone too long
    node.table.remove(identities[1].nodeId)
    expect(node.exchange.receive(new Outbox('ab', identities[0].nodeId, node.table), { records: [travelling(seal(identities[1]), 1_000_000)] }, 0)).to.equal(CHAIN_COST)
  })

  it('leaves others their turn while many records of a message are taken', async () => {
    await using node = await startNode(identities[0])
    await using peer = await startRawPeer(identities[1])
    const records = Array.from({ length: 100 }, (_, i) => travelling(seal(identities[1], i + 1, `${i}`)))
    const { promise, resolve } = Promise.withResolvers<void>()
    let most = 0
    let inTurn = 0

    node.status.addEventListener('status:change', ({ detail: { nodeId, record } }) => {
      if (nodeId !== node.nodeId) {
        most = Math.max(most, ++inTurn)
        setImmediate(() => { inTurn = 0 })

        if (record.seq === 100) {
          resolve()
        }
      }
    })
    send(await peer.open(node), { records: records.map((record, i) => i === 0 ? record : { ...record, chain: [] }) })
    await promise
    expect(most).to.be.within(1, RECORDS_PER_TURN)
  })

  it('is not forgotten when it connects again', async () => {
    await using node = await startNode(identities[0])
    await using peer = await startRawPeer(identities[1])
    const bad = await peer.open(node)
    const reset = pEvent(bad, 'close')

    bad.send(Uint8Array.of(0, 0, 0, 1, 0xff))
    await reset
    await peer.libp2p.hangUp(node.libp2p.peerId)

    while (node.libp2p.getConnections().length > 0) {
      await new Promise(resolve => { setTimeout(resolve, 5) })
    }

    const again = await peer.open(node)

    if (again.status === 'open') {
      send(again, { records: [travelling(seal(identities[1]))] })
      await pEvent(again, 'close', { timeout: 5_000 })
    }

    expect(again.status).to.equal('reset')
    expect(node.status.get(identities[1].nodeId)).to.equal(undefined)
  })
})
