import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { stat, unlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { admin } from '@fisco-libp2p/admin'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { start, stop } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { expect } from 'chai'
import fc from 'fast-check'
import { pEvent } from 'p-event'
import { ask, startPair } from './support.ts'
import type { Admin, AdminComponents, AdminIdentity } from '@fisco-libp2p/admin'
import type { IncomingMessage } from 'node:http'

const components: AdminComponents = {
  logger: defaultLogger(),
  addressManager: { getAddresses: () => [] },
  peers: { list: () => [], members: () => [], add: () => true, remove: async () => false, retry: () => true }
}
const identity = { nodeId: 'ab', name: 'node0', agency: 'agency', networkId: new Uint8Array(32), peerId: { toString: () => 'peer' } } as unknown as AdminIdentity
const create = (socket: string): Admin => admin({ socket, identity })(components)

describe('admin API', () => {
  it('tells who the node is and who its peers are, in FISCO BCOS\'s words and ours', async () => {
    await using pair = await startPair()
    const { node, other, socket } = pair

    if (node.services.peers.members().length === 0) {
      await pEvent(node.services.peers, 'peer:up')
    }

    node.services.topics.follow('prices')
    const info = await ask(socket, 'GET', '/v1/info')
    expect(info.status).to.equal(200)
    expect(info.value).to.deep.include({
      NodeID: node.identity.nodeId, Node: 'node1', Agency: 'agency', Topic: ['prices'], peerId: node.peerId.toString(), pid: process.pid, peers: { configured: 1, connected: 1, members: 1 }
    })
    expect(info.value.IPAndPort).to.match(/^127\.0\.0\.1:\d+$/)

    const { value } = await ask(socket, 'GET', '/v1/peers?any=query')
    expect(value).to.have.lengthOf(1)
    expect(value[0]).to.deep.include({
      NodeID: other.identity.nodeId, Node: 'node0', Agency: 'agency', Topic: [], state: 'connected', direction: 'outbound', configured: true, attempts: 0, address: node.services.peers.list()[0].address
    })
    expect(value[0].address).to.equal(`/ip4/127.0.0.1/tcp/${value[0].IPAndPort.split(':')[1]}/tls`)
  })

  it('tells what a node goes by when it trusts others, and reads its files again', async () => {
    await using pair = await startPair()
    const { node, other, socket } = pair
    const { access } = node.services

    while (access.calendar().length < 2) {
      await pEvent(node.services.statusSeq, 'status:change')
    }

    const { status, value } = await ask(socket, 'GET', '/v1/trust')

    expect(status).to.equal(200)
    expect(value.calendar.map(({ NodeID, self }: Record<string, unknown>) => [NodeID, self])).to.have.deep.members([[node.identity.nodeId, true], [other.identity.nodeId, false]])
    expect(value.anchors).to.deep.equal(node.identity.trust.anchors.map(({ subject, keyHash, notAfter }) => ({ subject, keyHash, expires: notAfter })))
    expect(value.crls).to.deep.equal([])
    expect(value.clock).to.have.keys('offset', 'neighbours')
    expect(await ask(socket, 'POST', '/v1/reload')).to.deep.include({ status: 409 })
  })

  it('tells whose status is the last that is known of a node that is away', async () => {
    await using pair = await startPair()
    const { node, other, socket } = pair
    const link = async (): Promise<string | undefined> => (await ask(socket, 'GET', '/v1/status')).value.find(({ NodeID }: { NodeID: string }) => NodeID === other.identity.nodeId)?.link

    while (await link() == null) {
      await pEvent(node.services.statusSeq, 'status:change')
    }

    expect(await link()).to.equal('connected')
    const down = pEvent(node.services.peers, 'peer:down')
    await other.stop()
    await down
    expect(await link()).to.equal('away')
  })

  it('tells what unicast sent and received, by node and protocol', async () => {
    await using pair = await startPair()
    const { node, other, socket } = pair

    if (node.services.peers.members().length === 0) {
      await pEvent(node.services.peers, 'peer:up')
    }

    other.services.direct.handle('height', () => new Uint8Array(4))
    await node.services.direct.request(other.identity.nodeId, 'height', new Uint8Array(3))
    const { status, value } = await ask(socket, 'GET', '/v1/traffic')

    expect(status).to.equal(200)
    expect(value).to.deep.include({
      NodeID: other.identity.nodeId, Node: 'node0', handler: 'height', sent: { messages: 1, bytes: 3 }, received: { messages: 1, bytes: 4 }
    })
  })

  it('adds, removes and retries peers, and saves them if asked to', async () => {
    await using pair = await startPair()
    const { node, socket, saved } = pair
    const address = '/ip4/127.0.0.1/tcp/9/tls'
    const body = (value: object): string => JSON.stringify(value)

    expect((await ask(socket, 'POST', '/v1/peers', body({ address, save: true }))).value).to.deep.equal({ added: true, saved: true })
    expect((await ask(socket, 'POST', '/v1/peers', body({ address }))).value).to.deep.equal({ added: false, saved: false })
    expect(node.services.peers.list().map(peer => peer.address)).to.include(address)
    expect((await ask(socket, 'POST', '/v1/peers/retry', body({ address }))).value).to.deep.equal({ retried: true })
    expect((await ask(socket, 'POST', '/v1/peers/retry')).value).to.deep.equal({ retried: true })
    expect((await ask(socket, 'DELETE', '/v1/peers', body({ address, save: true }))).value).to.deep.equal({ removed: true, saved: true })
    expect((await ask(socket, 'DELETE', '/v1/peers', body({ address }))).value).to.deep.equal({ removed: false, saved: false })
    expect((await ask(socket, 'POST', '/v1/peers/retry', body({ address }))).status).to.equal(404)
    expect(saved).to.deep.equal([{ add: [address] }, { remove: [address] }])

    const failed = await ask(socket, 'POST', '/v1/peers', body({ address: '/ip4/127.0.0.1/tcp/13/tls', save: true }))
    expect(failed).to.have.property('status', 500)
    expect(failed.value.error.message).to.equal('the peer is configured until the node stops; it could not be saved: the disk is full')
  })

  it('publishes and broadcasts, and tells what became of it', async () => {
    await using pair = await startPair()
    const { node, other, socket } = pair
    const heard: string[] = []
    const send = async (path: string, value: object): Promise<{ status?: number, value: any }> => ask(socket, 'POST', `/v1/topics/${path}`, JSON.stringify(value))

    if (node.services.peers.members().length === 0) {
      await pEvent(node.services.peers, 'peer:up')
    }

    other.services.topics.follow('prices', ({ data }) => { heard.push(Buffer.from(data).toString()) })
    other.services.topics.addEventListener('broadcast:message', ({ detail }) => { heard.push(Buffer.from(detail.data).toString()) })

    while (node.services.topics.followers('prices').length === 0) {
      await pEvent(node.services.statusSeq, 'status:change')
    }

    expect((await send('publish', { topic: 'prices', text: 'one', acks: 'all' })).value).to.deep.include({ sequence: 1, followers: 1, confirmed: [other.identity.nodeId] })
    expect((await send('publish', { topic: 'prices', data: Buffer.from('two').toString('base64'), to: [other.identity.nodeId] })).status).to.equal(200)
    expect((await send('broadcast', { text: 'three', acks: 1 })).value.confirmed).to.deep.equal([other.identity.nodeId])
    expect(heard).to.deep.equal(['one', 'two', 'three'])

    const failed = await send('publish', { topic: 'prices', text: 'four', acks: 2 })
    expect(failed.status).to.equal(504)
    expect(failed.value.error).to.deep.include({ name: 'NotConfirmedError', confirmed: [other.identity.nodeId], missing: [] })

    for (const [path, value, status] of [
      ['publish', { text: 'x' }, 400], ['publish', { topic: 'a' }, 400], ['publish', { topic: 'a', data: '***' }, 400], ['publish', { topic: 'a', text: 'x', data: 'AA==' }, 400], ['publish', { topic: ' ', text: 'x' }, 400],
      ['publish', { topic: 'a', text: 'x', acks: 'some' }, 400], ['publish', { topic: 'a', text: 'x', delivery: 'sure' }, 400], ['publish', { topic: 'a', text: 'x', to: 'b' }, 400],
      ['publish', { topic: 'a', text: 'x', to: ['b'] }, 400], ['publish', { topic: 'a', text: 'x', to: ['b'], delivery: 'reliable' }, 400], ['publish', { topic: 'a', text: 'x', timeout: 'soon' }, 400],
      ['broadcast', { topic: 'a', text: 'x' }, 400], ['broadcast', { text: 'x', delivery: 'reliable' }, 400], ['publish', { topic: 'a', text: 'x'.repeat(1_100_000) }, 413], ['publish', { topic: 'a', text: 'x'.repeat(1_500_000) }, 413]
    ] as const) {
      expect((await send(path, value)).status, JSON.stringify(value).slice(0, 80)).to.equal(status)
    }
  })

  it('listens for who asks, and follows for no longer', async () => {
    await using pair = await startPair()
    const { node, socket } = pair
    const lines: Array<Record<string, unknown>> = []
    const call = request({ socketPath: socket, path: '/v1/topics/listen?topic=prices&topic=blocks&broadcast=true' })
    const [response] = await once(call.end(), 'response') as [IncomingMessage]
    // it ends when the test has read enough
    const reading = new Promise<void>(resolve => {
      createInterface(response.on('error', () => {})).on('error', () => {}).on('line', line => {
        lines.push(JSON.parse(line))

        if (lines.length === 2) {
          call.destroy()
          resolve()
        }
      })
    })

    expect(response.headers['content-type']).to.equal('application/x-ndjson')
    expect(node.services.topics.following()).to.deep.equal(['blocks', 'prices'])
    await node.services.topics.publish('prices', Buffer.from('hello'))
    await reading
    expect(lines).to.have.lengthOf(2)
    expect(lines[0]).to.include({ event: 'listening' })
    expect(lines[1]).to.include({ event: 'message', topic: 'prices', Node: 'node1', NodeID: node.identity.nodeId, sequence: 1, data: 'aGVsbG8=' })

    while (node.services.topics.following().length > 0) {
      await new Promise(resolve => { setImmediate(resolve) })
    }

    expect((await ask(socket, 'GET', '/v1/topics/listen')).status).to.equal(400)
    expect((await ask(socket, 'GET', '/v1/topics/listen?topic=good&topic=%20')).status).to.equal(400)
    expect(node.services.topics.following()).to.deep.equal([])
  })

  it('lists topics, and whose lists of restricted ones are others', async () => {
    await using pair = await startPair({ restricted: { board: { followers: [] } } })
    const { node, other, socket } = pair

    if (node.services.peers.members().length === 0) {
      await pEvent(node.services.peers, 'peer:up')
    }

    node.services.topics.follow('prices')

    while (node.services.statusSeq.get(other.identity.nodeId) == null) {
      await pEvent(node.services.statusSeq, 'status:change')
    }

    expect((await ask(socket, 'GET', '/v1/topics')).value).to.deep.equal([
      { topic: 'board', followers: [], following: false, restricted: true, differs: [{ Node: 'node0', NodeID: other.identity.nodeId }] },
      { topic: 'prices', followers: [{ Node: 'node1', NodeID: node.identity.nodeId }], following: true, restricted: false, differs: [] }
    ])
  })

  it('makes its socket again when somebody removes it, and does not cut who listens', async () => {
    await using pair = await startPair()
    const { node, socket } = pair
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath: socket, path: '/v1/topics/listen?topic=prices' }, resolve).on('error', reject).end()
    })
    const lines = createInterface(response)[Symbol.asyncIterator]()
    expect(JSON.parse((await lines.next()).value).event).to.equal('listening')

    await unlink(socket)

    while (await stat(socket).catch(() => undefined) == null) {
      await delay(50)
    }

    expect((await stat(socket)).mode & 0o777).to.equal(0o600)
    expect((await ask(socket, 'GET', '/v1/info')).value).to.include({ NodeID: node.identity.nodeId })
    await ask(socket, 'POST', '/v1/topics/publish', JSON.stringify({ topic: 'prices', text: 'hello' }))
    expect(JSON.parse((await lines.next()).value)).to.include({ event: 'message', topic: 'prices' })

    await node.stop()
    expect(await stat(socket).catch(({ code }) => code)).to.equal('ENOENT')
  })

  it('answers what is wrong with a request', async () => {
    await using folder = await temporaryFolder()
    const service = create(folder.join('a.sock'))
    await start(service)

    try {
      const status = async (method: string, path: string, body?: string | Uint8Array): Promise<number | undefined> => (await ask(service.socket, method, path, body)).status

      expect(await status('GET', '/')).to.equal(404)
      expect(await status('PUT', '/v1/peers')).to.equal(405)
      expect(await status('POST', '/v1/peers')).to.equal(400)
      expect(await status('POST', '/v1/peers', '{"address":1}')).to.equal(400)
      expect(await status('POST', '/v1/peers', '{"address":"/ip4/1.2.3.4/tcp/1","save":"yes"}')).to.equal(400)
      expect(await status('POST', '/v1/peers', '{"address":"/ip4/1.2.3.4/tcp/1","save":true}')).to.equal(409)
      expect(await status('POST', '/v1/peers', '[]')).to.equal(400)
      expect(await status('POST', '/v1/peers', '{')).to.equal(400)
      expect(await status('POST', '/v1/peers', `"${'x'.repeat(70_000)}"`)).to.equal(413)
      await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async body => {
        expect(await status('POST', '/v1/peers', body)).to.equal(400)
      }), { numRuns: 50 })
      // and it is still there
      expect(await status('GET', '/v1/peers')).to.equal(200)
    } finally {
      await stop(service)
    }
  })

  it('lets nobody but its own user in, and leaves nothing', async () => {
    await using folder = await temporaryFolder()
    const service = create(folder.join('a.sock'))
    await start(service)
    await start(service)
    const idle = connect(service.socket)
    await once(idle, 'connect')
    const { mode } = await stat(service.socket)
    const closed = once(idle, 'close')
    await stop(service)
    await stop(service)
    await closed

    expect(mode & 0o777).to.equal(0o600)
    expect(await stat(service.socket).catch(err => err.code)).to.equal('ENOENT')
    await start(service)
    expect((await ask(service.socket, 'GET', '/v1/peers')).status).to.equal(200)
    await stop(service)
  })

  it('takes no more connections than it should', async () => {
    await using folder = await temporaryFolder()
    const service = create(folder.join('a.sock'))
    await start(service)
    const sockets = Array.from({ length: 16 }, () => connect(service.socket))
    await Promise.all(sockets.map(async socket => once(socket, 'connect')))
    const surplus = connect(service.socket)
    await once(surplus, 'close')
    await stop(service)
    sockets.forEach(socket => { socket.destroy() })
  })

  it('takes the place of a node that is gone, and of nothing else', async () => {
    await using folder = await temporaryFolder()
    const [service, second] = [create(folder.join('a.sock')), create(folder.join('a.sock'))]
    await start(service)
    const refused = await Promise.resolve(start(second)).then(() => undefined, err => err)
    expect(refused).to.have.property('name', 'AdminSocketError')
    expect(refused.message).to.contain('another node listens on')
    expect((await ask(service.socket, 'GET', '/v1/peers')).status).to.equal(200)
    await stop(service)

    // a socket file that nobody listens on: what a killed process leaves
    const abandoned = folder.join('b.sock')
    spawnSync(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(abandoned)}, () => process.kill(process.pid, 'SIGKILL'))`])
    expect((await stat(abandoned)).isSocket()).to.be.true
    const heir = create(abandoned)
    await start(heir)
    expect((await ask(abandoned, 'GET', '/v1/peers')).status).to.equal(200)
    await stop(heir)

    await writeFile(folder.join('c.sock'), 'precious')
    const file = await Promise.resolve(start(create(folder.join('c.sock')))).then(() => undefined, err => err)
    expect(file.message).to.contain('is no socket, and is left alone')
    const nowhere = await Promise.resolve(start(create(folder.join('no', 'd.sock')))).then(() => undefined, err => err)
    expect(nowhere).to.have.property('name', 'AdminSocketError')
    expect(nowhere.message).to.contain(`the folder ${folder.join('no')} does not exist; make it, or change [admin] socket`)
  })

  it('refuses a path that no socket can have', () => {
    for (const path of ['', `/${'x'.repeat(103)}`]) {
      expect(() => create(path)).to.throw('the path of the admin socket must have 1 to 103 bytes').with.property('name', 'InvalidParametersError')
    }
  })

  it('is not disturbed by a client that sends no HTTP', async () => {
    await using folder = await temporaryFolder()
    const service = create(folder.join('a.sock'))
    await start(service)
    const socket = connect(service.socket)
    socket.end(Buffer.alloc(1_000, 0xff))
    socket.resume()
    await once(socket, 'close')
    expect((await ask(service.socket, 'GET', '/v1/peers')).status).to.equal(200)
    await stop(service)
  })
})
