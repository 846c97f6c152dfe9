import { encodeFrame, encodeMessage, Reader } from '@fisco-libp2p/status-seq'
import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import type { StatusMessage } from '@fisco-libp2p/status-seq'
import type { Stream } from '@libp2p/interface'

const request = (i: number): StatusMessage => ({ request: [i.toString(16).padStart(64, '0')] })
const frames = (...numbers: number[]): Uint8Array => Buffer.concat(numbers.map(i => encodeFrame(encodeMessage(request(i)))))

describe('reading', () => {
  interface Reading {
    outbound: Stream
    inbound: Stream
    reader: Reader
    messages: StatusMessage[]
    faults: Error[]

    /**
     * Waits for the next message; the reader waits for what it returns to be called.
     */
    next(): Promise<() => void>
  }

  async function startReading (): Promise<Reading> {
    const [outbound, inbound] = await streamPair()
    const messages: StatusMessage[] = []
    const faults: Error[] = []
    const taken: Array<() => void> = []
    let arrived: () => void = () => {}

    const reader = new Reader(inbound, {
      onMessage: async message => {
        messages.push(message)

        await new Promise<void>(resolve => {
          taken.push(resolve)
          arrived()
        })
      },
      onMisbehaviour: err => {
        faults.push(err)
        arrived()
      }
    })

    const next = async (): Promise<() => void> => {
      while (taken.length === 0) {
        await new Promise<void>(resolve => { arrived = resolve })
      }

      return taken.shift() ?? (() => {})
    }

    return { outbound, inbound, reader, messages, faults, next }
  }

  it('takes one message after the other, and holds the stream back meanwhile', async () => {
    const { outbound, inbound, reader, messages, next } = await startReading()

    outbound.send(frames(1, 2))
    const first = await next()
    outbound.send(frames(3))

    expect(inbound.readStatus).to.equal('paused')
    expect(messages).to.have.lengthOf(1)

    first()
    const second = await next()

    expect(inbound.readStatus).to.equal('paused')
    second()
    await next()

    expect(messages.map(({ request }) => request)).to.deep.equal([1, 2, 3].map(i => request(i).request))
    reader.abort(new Error('end'))
    outbound.abort(new Error('end'))
  })

  it('ends when the other side does', async () => {
    const { outbound, inbound, faults } = await startReading()
    const closed = new Promise(resolve => { inbound.addEventListener('close', resolve) })

    await outbound.close()
    await closed

    expect(inbound.status).to.equal('closed')
    expect(faults).to.deep.equal([])
  })

  it('ends with what is malformed, and takes nothing that comes after it', async () => {
    const { outbound, inbound, messages, faults, next } = await startReading()

    outbound.send(Buffer.concat([frames(1), new Uint8Array(4), frames(2)]))
    const first = await next()
    const closed = new Promise(resolve => { inbound.addEventListener('close', resolve) })
    first()
    await closed
    outbound.abort(new Error('end'))

    expect(inbound.status).to.equal('aborted')
    expect(messages).to.have.lengthOf(1)
    expect(faults.map(({ name }) => name)).to.deep.equal(['MalformedStatusError'])
  })
})
