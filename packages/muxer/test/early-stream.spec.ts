import { muxer } from '@fisco-libp2p/muxer'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { pEvent } from 'p-event'
import { concat, fromString, toString } from 'uint8arrays'
import type { MultiaddrConnection, Stream, StreamCloseEvent, StreamMessageEvent, StreamMuxer } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'

const EARLY = '/test/early/1.0.0'
const QUESTION = line('/multistream/1.0.0') + line(EARLY)

function line (text: string): string {
  return `${String.fromCharCode(text.length + 1)}${text}\n`
}

/**
 * An early stream on one end of a pair of connections, and its other end, which nobody answers for.
 */
async function openEarly (earlyTimeout?: number): Promise<{ stream: Stream, other: Stream, received: Uint8Array[], closed: Promise<Error | undefined>, end (): Promise<void> }> {
  const [outbound, inbound] = multiaddrConnectionPair()
  const own = muxer({ early: [EARLY], earlyTimeout, enableKeepAlive: false })().createStreamMuxer(outbound)
  const theirs: StreamMuxer = yamux({ enableKeepAlive: false })().createStreamMuxer(inbound)
  const incoming = pEvent<'stream', CustomEvent<Stream>>(theirs, 'stream')
  const stream = await own.createStream({ protocol: EARLY })
  const received: Uint8Array[] = []
  stream.addEventListener('message', ({ data }) => { received.push(data.subarray()) })
  const closed = new Promise<Error | undefined>(resolve => { stream.addEventListener('close', ({ error }) => { resolve(error) }) })

  return { stream, other: (await incoming).detail, received, closed, end: async () => endAll(outbound, inbound) }
}

async function endAll (...connections: MultiaddrConnection[]): Promise<void> {
  connections.forEach(connection => { connection.abort(new Error('the test is over')) })
}

/**
 * Resolves when a number of bytes has come.
 */
async function receive (stream: Stream, length: number): Promise<string> {
  let bytes = new Uint8Array()

  while (bytes.byteLength < length) {
    const { data } = await pEvent<'message', StreamMessageEvent>(stream, 'message')
    bytes = concat([bytes, data.subarray()])
  }

  return toString(bytes)
}

describe('early streams', () => {
  describe('between nodes, to a stock yamux', () => {
    const nodes: Libp2p[] = []

    async function node (streamMuxers: NonNullable<Parameters<typeof createLibp2p>[0]>['streamMuxers']): Promise<Libp2p> {
      const libp2p = await createLibp2p({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers })
      nodes.push(libp2p)

      return libp2p
    }

    afterEach(async () => {
      await Promise.all(nodes.splice(0).map(async libp2p => libp2p.stop()))
    })

    it('carry what is sent before the other end has answered', async () => {
      const [a, b] = [await node([muxer({ early: [EARLY] })]), await node([yamux()])]
      await b.handle(EARLY, stream => { stream.addEventListener('message', ({ data }) => { stream.send(data) }) })
      const connection = await a.dial(b.getMultiaddrs())
      const stream = await connection.newStream(EARLY)
      stream.send(fromString('at once'))

      expect(stream.protocol).to.equal(EARLY)
      expect(await receive(stream, 7)).to.equal('at once')
      stream.send(fromString('and later'))
      expect(await receive(stream, 9)).to.equal('and later')
      const closed = pEvent<'close', StreamCloseEvent>(stream, 'close')
      await stream.close()
      b.getConnections()[0].streams.forEach(stream => { stream.close().catch(() => {}) })
      expect((await closed).error).to.be.undefined
    })

    it('are reset when the other end does not speak their protocol', async () => {
      const [a, b] = [await node([muxer({ early: [EARLY] })]), await node([yamux()])]
      const connection = await a.dial(b.getMultiaddrs())
      const stream = await connection.newStream(EARLY)
      stream.send(fromString('anybody?'))
      const { error } = await pEvent<'close', StreamCloseEvent>(stream, 'close')

      expect(error?.name).to.equal('UnsupportedProtocolError')
      expect(error?.message).to.equal(`the other end does not speak ${EARLY}`)
      expect(connection.status).to.equal('open')
    })

    it('are for protocols that are listed; others are negotiated as ever', async () => {
      const [a, b] = [await node([muxer({ early: [EARLY] })]), await node([muxer()])]
      await b.handle('/test/other/1.0.0', () => {})
      const connection = await a.dial(b.getMultiaddrs())

      expect((await connection.newStream(['/test/none/1.0.0', '/test/other/1.0.0'])).protocol).to.equal('/test/other/1.0.0')
      expect(await connection.newStream('/test/none/1.0.0').then(() => '', err => err.name)).to.equal('UnsupportedProtocolError')
    })
  })

  it('ask as multistream-select does, with what follows behind it', async () => {
    const { stream, other, end } = await openEarly()
    stream.send(fromString('hello'))

    expect(await receive(other, QUESTION.length + 5)).to.equal(`${QUESTION}hello`)
    await end()
  })

  it('cut the answer off, wherever it is split', async () => {
    for (let split = 1; split <= QUESTION.length + 4; split++) {
      const { stream, other, received, end } = await openEarly()
      const answer = fromString(`${QUESTION}hello`)
      other.send(answer.subarray(0, split))
      other.send(answer.subarray(split))

      while (concat(received).byteLength < 5) {
        await pEvent(stream, 'message')
      }

      expect(toString(concat(received))).to.equal('hello')
      await end()
    }
  })

  it('are reset by any other answer, and hand nothing of it on', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(QUESTION.length), async (garbage, keep) => {
      const answer = concat([fromString(QUESTION.slice(0, keep)), garbage])
      fc.pre(!QUESTION.startsWith(toString(answer)) && !toString(answer).startsWith(QUESTION))
      const { other, received, closed, end } = await openEarly()
      other.send(answer)
      const error = await closed

      expect(error?.name).to.be.oneOf(['InvalidMessageError', 'UnsupportedProtocolError'])
      expect(received).to.be.empty
      await end()
    }), { numRuns: 100 })
  })

  it('do not wait for ever', async () => {
    const { closed, end } = await openEarly(50)
    const error = await closed

    expect(error?.name).to.equal('TimeoutError')
    expect(error?.message).to.contain('no answer within 50 ms')
    await end()
  })

  it('are ended for writing when the other end has answered', async () => {
    const { stream, other, end } = await openEarly()
    let isEnded = false
    other.addEventListener('remoteCloseWrite', () => { isEnded = true })
    stream.send(fromString('all'))
    const closing = stream.close()
    await receive(other, QUESTION.length + 3)
    // a window update would come behind the end, if that had been sent
    expect(isEnded).to.be.false
    const ended = pEvent(other, 'remoteCloseWrite')
    other.send(fromString(QUESTION))
    await closing
    await ended
    await end()
  })

  it('refuse protocol ids that are too long, and timeouts out of range', () => {
    expect(() => muxer({ early: ['x'.repeat(127)] })).to.throw('is longer than 126 bytes')
    expect(() => muxer({ early: ['x'.repeat(126)] })).to.not.throw()

    for (const earlyTimeout of [0, 1.5, 3_600_001, NaN]) {
      expect(() => muxer({ earlyTimeout })).to.throw('earlyTimeout must be an integer from 1 to 3600000')
    }
  })
})
