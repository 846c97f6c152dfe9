import { createNetwork, heldBytes } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { FiscoNode } from '@fisco-libp2p/node'

const ASKERS = 1_000
const DURATION = 60_000
const STALL = 30_000

/**
 * Longest message of the load, in bytes; the first four are its number.
 */
const MAX_LENGTH = 2_000

const LAST = 0xffffffff

/**
 * Counts how often each number came, and knows what is to be said about it.
 */
class Checker {
  readonly #seen = new Uint8Array(2 ** 24)
  #next = 0
  answered = 0

  get sent (): number {
    return this.#next
  }

  question (): Uint8Array {
    const number = this.#next++
    const bytes = new Uint8Array(4 + number * 7_919 % MAX_LENGTH).fill(number)
    new DataView(bytes.buffer).setUint32(0, number)

    return bytes
  }

  /**
   * The handler's side: the answer is the question with all bytes turned over.
   */
  readonly handle = (data: Uint8Array): Uint8Array => {
    this.#seen[numberOf(data)]++

    return data.map(byte => byte ^ 0xff)
  }

  check (question: Uint8Array, answer: Uint8Array): void {
    if (answer.length !== question.length || answer.some((byte, i) => byte !== (question[i] ^ 0xff))) {
      throw new Error(`question ${numberOf(question)} got another answer than its own`)
    }

    this.answered++
  }

  /**
   * How many of the questions were handled so many times.
   */
  handled (times: number): number {
    return this.#seen.subarray(0, this.#next).reduce((count, seen) => count + Number(seen === times), 0)
  }
}

function numberOf (bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

async function askUntil (end: number, from: FiscoNode, to: FiscoNode, checker: Checker): Promise<void> {
  while (Date.now() < end) {
    const question = checker.question()
    checker.check(question, await from.services.direct.request(to.identity.nodeId, 'turn', question, { timeout: DURATION }))
  }
}

/**
 * Sends what comes behind everything else, as soon as there is room in the queue.
 */
async function notifyLast (from: FiscoNode, to: FiscoNode): Promise<void> {
  for (;;) {
    try {
      await from.services.direct.notify(to.identity.nodeId, 'slow', new Uint8Array(4).fill(0xff))

      return
    } catch (err) {
      expect(err.name).to.equal('QueueFullError')
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}

describe('unicast under load', () => {
  it('answers 1,000 requests at a time each way, each once and with its own answer, for a minute', async () => {
    await using network = await createNetwork(2)
    const [a, b] = network.nodes
    const [fromA, fromB] = [new Checker(), new Checker()]
    b.services.direct.handle('turn', fromA.handle)
    a.services.direct.handle('turn', fromB.handle)
    const end = Date.now() + DURATION

    await Promise.all(Array.from({ length: ASKERS }, async () => Promise.all([askUntil(end, a, b, fromA), askUntil(end, b, a, fromB)])))

    for (const checker of [fromA, fromB]) {
      expect(checker.sent).to.be.above(ASKERS)
      expect(checker.answered).to.equal(checker.sent)
      expect(checker.handled(1)).to.equal(checker.sent)
    }

    process.stdout.write(`      ${JSON.stringify({ figure: '1,000 requests at a time each way', seconds: DURATION / 1000, answered: fromA.answered + fromB.answered })}\n`)
  })

  it('lets nobody else feel a node that does not take what it is sent for half a minute', async () => {
    await using network = await createNetwork(3)
    const [sender, stalled, other] = network.nodes
    const [stall, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const came: number[] = []
    const checker = new Checker()
    other.services.direct.handle('turn', checker.handle)
    // one at a time: they are handled in the order in which they were sent
    stalled.services.direct.handle('slow', async data => {
      await stall.promise

      if (numberOf(data) === LAST) {
        last.resolve()
      } else {
        came.push(numberOf(data))
      }
    }, { maxConcurrent: 1 })

    const end = Date.now() + STALL
    const refusals = new Set<string>()
    const taken: number[] = []
    const body = new Uint8Array(256 * 1024)

    const push = async (): Promise<void> => {
      for (let number = 0; Date.now() < end; number++) {
        const message = body.slice()
        new DataView(message.buffer).setUint32(0, number)
        // handed to the stream some time, or refused at once
        sender.services.direct.notify(stalled.identity.nodeId, 'slow', message, { timeout: 600_000 }).then(() => { taken.push(number) }, err => { refusals.add(err.name) })
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }

    await Promise.all([push(), askUntil(end, sender, other, checker)])
    expect([...refusals]).to.deep.equal(['QueueFullError'])
    expect(checker.answered).to.equal(checker.sent).and.be.above(100)
    expect(came).to.be.empty

    stall.resolve()
    await notifyLast(sender, stalled)
    await last.promise
    expect(came).to.deep.equal(taken)
    expect(taken.length).to.be.above(16)
  })

  it('passes 1 GiB to a slow reader, in order, and keeps no more of it than a window', async () => {
    await using network = await createNetwork(2)
    const [a, b] = network.nodes
    const size = 64 * 1024
    const count = 2 ** 30 / size
    // until each node has found out whom its addresses lead to: of two connections one is closed then, whatever runs over it
    while (network.nodes.some(node => node.getConnections().length !== 1 || node.services.peers.list().some(({ state }) => state !== 'connected'))) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }

    const before = heldBytes()
    let given = 0
    b.services.direct.handleStream('blocks', async function * () {
      while (given < count) {
        const piece = new Uint8Array(size)
        new DataView(piece.buffer).setUint32(0, given++)
        yield piece
      }
    })
    let taken = 0
    let ahead = 0
    const sizes: number[] = []

    for await (const piece of a.services.direct.stream(b.identity.nodeId, 'blocks', [], { lane: 'bulk' })) {
      expect(numberOf(piece)).to.equal(taken++)
      ahead = Math.max(ahead, given - taken)

      // slower than the sender: a moment in which nothing is taken, after each window
      if (taken % 4 === 0) {
        await new Promise(resolve => setTimeout(resolve, 1))
      }

      if (taken % 1_024 === 0) {
        sizes.push(heldBytes())
      }
    }

    expect(taken).to.equal(count)
    // what is allowed, what lies in the sender's queue, and what the generator holds
    expect(ahead * size).to.be.at.most(8 * size)
    // windows, and the nodes' own buffers
    expect(Math.max(...sizes) - before).to.be.below(4 * 2 ** 20)
    process.stdout.write(`      ${JSON.stringify({ figure: '1 GiB to a slow reader', aheadKiB: ahead * size / 1024, heldKiB: sizes.map(bytes => Math.round(bytes / 1024)) })}\n`)
  })
})
