import { createConsortium } from '@fisco-libp2p/test-kit'
import { CARRIERS, startNode } from './nodes.ts'
import { dialTcp, dialTls } from './raw-peer.ts'
import type { TestNode } from './nodes.ts'
import type { Consortium } from '@fisco-libp2p/test-kit'

/**
 * A process of its own: handshakes are cut at every step, by the dialler (a signal after each of so many milliseconds), by
 * the other end (after each of its messages), and by the listener that stops. After each the listener still serves. A
 * crash of Node, or an error that nobody caught, shows in the exit code, which the test asserts.
 */
const LAST_MILLISECOND = 24
const consortium = await createConsortium()

for (const carrier of CARRIERS) {
  await using listener = await startNode(await consortium.identity(), { carrier })
  await using dialler = await startNode(await consortium.identity(), { carrier })

  for (let ms = 0; ms <= LAST_MILLISECOND; ms++) {
    const controller = new AbortController()
    setTimeout(() => { controller.abort() }, ms)
    const connection = await dialler.libp2p.dial(listener.libp2p.getMultiaddrs(), { signal: controller.signal, force: true }).catch(() => undefined)
    connection?.abort(new Error('cut by the test'))
  }

  await cutByThePeer(listener, consortium)
  await expectServed(dialler, listener)
  await stopInTheMiddle(consortium, carrier)
}

process.stdout.write('survived\n')

async function cutByThePeer (listener: TestNode, consortium: Consortium): Promise<void> {
  const [address] = listener.libp2p.getMultiaddrs()
  const identity = await consortium.identity()
  const confirm = { type: 'confirm', confirm: { minVersion: 1, maxVersion: 1, networkId: identity.networkId, incarnation: Date.now(), chain: identity.chain.map(({ der }) => der) } } as const

  for (let round = 0; round < 3; round++) {
    (await dialTcp(address)).destroy()

    const hello = await dialTcp(address)
    hello.write(Buffer.from('16030101f40100010f0303', 'hex'))
    hello.destroy()

    const afterTls = await dialTls(address, identity)
    afterTls.socket.destroy()

    const afterConfirm = await dialTls(address, identity)
    afterConfirm.send(confirm)
    afterConfirm.socket.destroy()

    const afterTheirs = await dialTls(address, identity)
    afterTheirs.send(confirm)
    await afterTheirs.next()
    afterTheirs.socket.destroy()

    const afterAccept = await dialTls(address, identity)
    afterAccept.send(confirm)
    await afterAccept.next()
    afterAccept.send({ type: 'accept', version: 1 })
    afterAccept.socket.destroy()

    const halfClosed = await dialTls(address, identity)
    halfClosed.send(confirm)
    halfClosed.socket.end()
    await halfClosed.closed
  }
}

async function stopInTheMiddle (consortium: Consortium, carrier: typeof CARRIERS[number]): Promise<void> {
  for (let ms = 0; ms <= LAST_MILLISECOND; ms += 4) {
    const listener = await startNode(await consortium.identity(), { carrier })
    await using dialler = await startNode(await consortium.identity(), { carrier })
    const dial = dialler.libp2p.dial(listener.libp2p.getMultiaddrs()).catch(() => {})

    await new Promise(resolve => setTimeout(resolve, ms))
    await listener[Symbol.asyncDispose]()
    await dial
  }
}

async function expectServed (dialler: TestNode, listener: TestNode): Promise<void> {
  const connection = await dialler.libp2p.dial(listener.libp2p.getMultiaddrs(), { force: true })

  if (connection.status !== 'open') {
    throw new Error(`the listener does not serve any more: ${connection.status}`)
  }
}
