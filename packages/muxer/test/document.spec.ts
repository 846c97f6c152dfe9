import { documentedConstants, documentedVector } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import * as constants from '../src/constants.ts'
import { selectEarly } from '../src/early-stream.ts'
import type { AbstractStream } from '@libp2p/utils'

const bytes = (name: string): Uint8Array => Uint8Array.from(Buffer.from(documentedVector(name), 'hex'))

/**
 * What selecting a protocol does to a stream: what it sends, what it hands on of what comes, and the name of the error it ends by.
 */
function select (answer: Uint8Array): { sent: string, received: string, error?: string } {
  const seen: ReturnType<typeof select> = { sent: '', received: '' }
  let close = (): void => {}
  const stream = {
    send: (data: Uint8Array) => { seen.sent += Buffer.from(data).toString('hex') },
    onData: (data: { subarray (): Uint8Array }) => { seen.received += Buffer.from(data.subarray()).toString('hex') },
    sendCloseWrite: async () => {},
    addEventListener: (_: string, listener: () => void) => { close = listener },
    abort: (err: Error) => { seen.error = err.name }
  }

  selectEarly(stream as unknown as AbstractStream, '/fisco/direct/1.0.0', 10_000)
  stream.onData(answer)
  close()

  return seen
}

describe('docs/PROTOCOLS.md, early streams', () => {
  it('vector: stream question', () => {
    // the answer is the same lines
    expect(select(Buffer.concat([bytes('stream question'), Uint8Array.of(7)]))).to.deep.equal({ sent: documentedVector('stream question'), received: '07' })
  })

  it('vector: stream refusal', () => {
    expect(select(bytes('stream refusal'))).to.deep.equal({ sent: documentedVector('stream question'), received: '', error: 'UnsupportedProtocolError' })
  })

  it('constants', () => {
    expect({ ...constants }).to.include(documentedConstants('muxer'))
  })
})
