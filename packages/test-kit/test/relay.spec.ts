import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { freePorts, Relay, seededRandom } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * Unlike `once()`, which rejects with the error that comes before the end.
 */
async function closed (socket: Socket): Promise<void> {
  await new Promise(resolve => { socket.once('close', resolve) })
}

describe('relay', () => {
  let server: Server
  let accepted: Socket[]

  beforeEach(async () => {
    accepted = []
    server = createServer(socket => {
      accepted.push(socket)
      socket.on('error', () => {}).pipe(socket)
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  })

  afterEach(async () => {
    accepted.forEach(socket => { socket.destroy() })
    await new Promise(resolve => { server.close(resolve) })
  })

  async function open (): Promise<{ relay: Relay, socket: Socket }> {
    const relay = await new Relay((server.address() as AddressInfo).port).listen()
    const socket = connect(relay.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('hello')
    await once(socket, 'data')

    return { relay, socket }
  }

  it('carries any amount of bytes, and the end of each side', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    const sent = Buffer.alloc(8 * 1024 * 1024, 7)
    let received = 0
    socket.on('data', chunk => { received += chunk.byteLength })
    socket.end(sent)
    await closed(socket)

    expect(received).to.equal(sent.byteLength)
    expect(relay.connections).to.equal(0)
  })

  it('takes its time', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    relay.delay = 50
    const start = performance.now()
    socket.write('slow')
    const [data] = await once(socket, 'data')

    expect(String(data)).to.equal('slow')
    expect(performance.now() - start).to.be.at.least(95)
    socket.destroy()
  })

  it('keeps the order when it gets faster, and when it is a bad line', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    const sent = Array.from({ length: 100 }, (_, i) => `${i},`).join('')
    let received = ''
    socket.on('data', chunk => { received += String(chunk) })
    relay.delay = 50

    for (let i = 0; i < 100; i++) {
      socket.write(`${i},`)
      await new Promise(resolve => { setImmediate(resolve) })

      if (i === 30) {
        relay.delay = 0
        relay.loss = seededRandom(1)
      }
    }

    socket.end()
    await closed(socket)
    expect(received).to.equal(sent)
  })

  it('cuts a connection in a hundred when it is a bad line', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    relay.loss = () => 0.001
    const unlucky = connect(relay.port, '127.0.0.1')
    const errors: unknown[] = []
    unlucky.on('error', err => { errors.push((err as NodeJS.ErrnoException).code) })
    unlucky.write('hello')
    await closed(unlucky)

    expect(errors).to.deep.equal(['ECONNRESET'])
    expect(socket.destroyed).to.be.false
    socket.destroy()
  })

  it('falls silent, and goes on where it was', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    relay.silence(true)
    socket.write('later')
    const other = connect(relay.port, '127.0.0.1')
    await once(other, 'connect')
    other.write('also later')
    relay.silence(false)

    expect(await Promise.all([socket, other].map(async from => String((await once(from, 'data'))[0])))).to.deep.equal(['later', 'also later'])
    socket.destroy()
    other.destroy()
  })

  for (const [how, error] of [['fin', undefined], ['reset', 'ECONNRESET']] as const) {
    it(`cuts with a ${how}`, async () => {
      const { relay, socket } = await open()
      await using _ = relay
      const errors: string[] = []
      socket.on('error', (err: NodeJS.ErrnoException) => { errors.push(err.code ?? '') })
      const end = closed(socket)
      relay.cut(how)
      await end

      expect(errors).to.deep.equal(error == null ? [] : [error])
    })
  }

  it('refuses, accepts again on the same port, and leads somewhere else', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    const { port } = relay
    relay.refuse()
    const [err] = await once(connect(port, '127.0.0.1'), 'error')
    expect(err.code).to.equal('ECONNREFUSED')
    relay.target = (await freePorts(1))[0]
    await relay.listen()
    expect(relay.port).to.equal(port)
    const lost = connect(port, '127.0.0.1')
    lost.on('error', () => {})
    await closed(lost)
    socket.destroy()
  })

  it('resets those who dialled, while the other side hears nothing', async () => {
    const { relay, socket } = await open()
    await using _ = relay
    const end = closed(socket)
    relay.resetDiallers()
    await end
    const [far] = accepted
    expect(far.destroyed).to.be.false
    expect(far.write('anybody?')).to.be.true
  })
})
