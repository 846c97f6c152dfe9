import { muxer } from '@fisco-libp2p/muxer'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { MAX_UNREAD_FRAMES } from '../src/constants.ts'
import { Flag, FrameType } from '../src/frame-splitter.ts'
import { frame } from './helpers/frames.ts'
import type { Metrics, MultiaddrConnection, Stream, StreamCloseEvent, StreamMuxer } from '@libp2p/interface'
import type { AbstractMessageStream } from '@libp2p/utils'

const MIB = 2 ** 20
const WINDOW = 256 * 1024

const open = (streamId: number): Buffer => frame({ type: FrameType.WINDOW_UPDATE, flags: Flag.SYN, streamId, length: 0 })

describe('what the other end of a connection can have a muxer keep', () => {
  const ends: MultiaddrConnection[] = []
  const broken: Record<string, number> = {}

  const metrics = {
    registerCounter: () => ({ increment: () => {} }),
    registerCounterGroup: () => ({
      increment: (values: Record<string, number>) => { Object.entries(values).forEach(([rule, count]) => { broken[rule] = (broken[rule] ?? 0) + count }) }
    })
  }

  /**
   * A connection whose near end our muxer has. The far one is for raw frames, or for another muxer.
   */
  function pair (): { far: MultiaddrConnection, near: MultiaddrConnection, streams: StreamMuxer, ended: Promise<Error | undefined> } {
    const [far, near] = multiaddrConnectionPair()
    const streams = muxer({ enableKeepAlive: false })({ metrics: metrics as unknown as Metrics }).createStreamMuxer(near)
    ends.push(far, near)

    return { far, near, streams, ended: pEvent<'close', StreamCloseEvent>(near, 'close').then(({ error }) => error) }
  }

  async function opened (streams: StreamMuxer): Promise<Stream> {
    return (await pEvent<'stream', CustomEvent<Stream>>(streams, 'stream')).detail
  }

  beforeEach(() => { Object.keys(broken).forEach(rule => { delete broken[rule] }) })

  afterEach(() => { ends.splice(0).forEach(end => { end.abort(new Error('the test is over')) }) })

  it('is no more of a frame than its stream\'s window: then the connection is cut', async () => {
    const { far, near, streams, ended } = pair()
    const incoming = opened(streams)
    far.send(open(1))
    const stream = await incoming
    // it grants no more
    stream.pause()
    far.send(frame({ type: FrameType.DATA, flags: 0, streamId: 1, length: 2 ** 32 - 1 }, WINDOW))
    await new Promise(resolve => { setImmediate(resolve) })
    expect(near.status).to.equal('open')
    far.send(new Uint8Array(1))

    expect(await ended).to.have.property('name', 'ReceiveWindowExceededError')
  })

  it('is nothing of a frame for a stream that is not there', async () => {
    const { far, near, streams } = pair()
    const { decoder } = streams as unknown as { decoder: { buffer: Uint8Array } }
    far.send(frame({ type: FrameType.DATA, flags: 0, streamId: 9, length: 2 ** 32 - 1 }, 0))

    for (let i = 0; i < 64; i++) {
      far.send(new Uint8Array(MIB))
      await new Promise(resolve => { setImmediate(resolve) })
      expect(decoder.buffer.byteLength).to.equal(0)
    }

    expect(near.status).to.equal('open')
  })

  it('leaves an honest peer alone whose stream is given up in the midst of long frames', async () => {
    const { far, near, streams } = pair()
    const theirs = yamux()().createStreamMuxer(far)
    const incoming = opened(streams)
    const out = await theirs.createStream()
    const given = await incoming
    let received = 0
    given.addEventListener('message', ({ data }) => {
      received += data.byteLength

      if (received > 20 * MIB) {
        given.abort(new Error('enough'))
      }
    })

    while (out.status === 'open') {
      if (!out.send(new Uint8Array(MIB))) {
        await pEvent(out, ['drain', 'close'])
      }
    }

    // another stream goes on
    const second = opened(streams)
    const next = await theirs.createStream()
    const message = pEvent(await second, 'message')
    next.send(Uint8Array.of(1))
    await message
    expect(near.status).to.equal('open')
  })

  it('are answers that are read, however many', async () => {
    const { far, near } = pair()
    const pings = Buffer.concat(Array.from({ length: MAX_UNREAD_FRAMES - 5_000 }, () => frame({ type: FrameType.PING, flags: Flag.SYN, streamId: 0, length: 1 })))

    for (let i = 0; i < 3; i++) {
      far.pause()
      far.send(pings)
      await new Promise(resolve => { setImmediate(resolve) })
      const drained = pEvent(near, 'drain')
      far.resume()
      await drained
    }

    expect(near.status).to.equal('open')
    expect(broken).to.deep.equal({ unread: 0, negotiation: 0 })
  })

  it('is nothing of a stream that begins while the connection takes no more', async () => {
    const { far, near, streams } = pair()
    const waiting = (): number => (near as unknown as AbstractMessageStream).writeBufferLength
    far.pause()
    const first = await streams.createStream()

    while (!near.writableNeedsDrain) {
      first.send(new Uint8Array(WINDOW / 2))
      await new Promise(resolve => { setImmediate(resolve) })
    }

    // of either end
    const incoming = opened(streams)
    far.send(open(1))
    const before = waiting()
    const later = [await streams.createStream(), await incoming]
    later.forEach(stream => { stream.send(new Uint8Array(WINDOW / 2)) })
    expect(waiting() - before).to.be.below(1_000)
    expect(later.map(({ writableNeedsDrain }) => writableNeedsDrain)).to.deep.equal([true, true])
  })

  it('leaves streams alone that are used without a protocol', async () => {
    const { far, streams } = pair()
    const incoming = opened(streams)
    const theirs = await yamux()().createStreamMuxer(far).createStream()
    const stream = await incoming
    let received = 0
    const all = Promise.withResolvers<void>()
    theirs.addEventListener('message', ({ data }) => {
      received += data.byteLength

      if (received === 400) {
        all.resolve()
      }
    })

    for (let i = 0; i < 100; i++) {
      stream.send(Uint8Array.of(3, 0x6e, 0x61, i % 2))
    }

    await all.promise
    expect(stream.status).to.equal('open')
  })

  it('are no answers without end: who does not read them is cut off', async () => {
    const { far, ended } = pair()
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame({ type: FrameType.PING, flags: Flag.SYN, streamId: 0, length: 1 })))
    far.pause()

    for (let sent = 0; far.status === 'open' && sent < 4 * MAX_UNREAD_FRAMES; sent += 1_000) {
      far.send(pings)
      await new Promise(resolve => { setImmediate(resolve) })
    }

    expect(await ended).to.include({ name: 'PeerLimitError', rule: 'unread' })
    expect(broken).to.deep.equal({ unread: 1, negotiation: 0 })
  })

  it('is not more of what a stream has to send, because its window grows: it waits in the stream until the connection takes it', async () => {
    const { far, near, streams } = pair()
    const stream = await streams.createStream()
    const waiting = (): number => (near as unknown as AbstractMessageStream).writeBufferLength
    await new Promise(resolve => { setImmediate(resolve) })
    far.pause()

    for (let i = 0; i < 64; i++) {
      stream.send(new Uint8Array(MIB))
      far.send(frame({ type: FrameType.WINDOW_UPDATE, flags: i === 0 ? Flag.ACK : 0, streamId: 2, length: 2 * MIB }))
      await new Promise(resolve => { setImmediate(resolve) })
    }

    expect(waiting()).to.be.below(4 * MIB)
    expect(stream.writableNeedsDrain).to.equal(true)

    // and is sent when it is read
    let received = 0
    const all = Promise.withResolvers<void>()
    far.addEventListener('message', ({ data }) => {
      received += data.byteLength

      if (received >= 64 * MIB) {
        all.resolve()
      }
    })
    far.resume()
    await all.promise
  })
})
