import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { pEvent } from 'p-event'
import { MemberNetwork } from './support/members.ts'
import type { Connection, ConnectionGater } from '@libp2p/interface'

/**
 * Longer than it takes to give a connection up that is not used.
 */
const DRAINED = 2_500

describe('a link with a second connection that the other end has not accepted yet', () => {
  let network: MemberNetwork

  beforeEach(() => {
    network = new MemberNetwork()
  })

  afterEach(async () => {
    await network.stop()
  })

  for (const denied of [true, false]) {
    it(`keeps the first one until then, and ${denied ? 'goes on with it if it is refused' : 'then one of both'}`, async () => {
      const verdict = Promise.withResolvers<boolean>()
      const gaters: ConnectionGater[] = [{}, {}]
      const members = await Promise.all(gaters.map(async gater => ({ ...await network.member({}, { gater }), gater })))
      const [smaller, larger] = members.sort((a, b) => a.identity.nodeId < b.identity.nodeId ? -1 : 1)

      // what the smaller one dials is preferred; it has been accepted once before
      await (await smaller.node.dial(larger.node.getMultiaddrs())).close()
      const accepted = pEvent<'connection:open', CustomEvent<Connection>>(smaller.node, 'connection:open')
      await larger.node.dial(smaller.node.getMultiaddrs(), { force: true })
      const { detail: first } = await accepted
      const downs: unknown[] = []
      smaller.node.services.peers.addEventListener('peer:down', evt => { downs.push(evt.detail) })
      larger.node.services.peers.addEventListener('peer:down', evt => { downs.push(evt.detail) })
      larger.gater.denyInboundEncryptedConnection = async () => verdict.promise

      const opened = pEvent<'connection:open', CustomEvent<Connection>>(smaller.node, 'connection:open')
      const dialled = smaller.node.dial(larger.node.getMultiaddrs(), { force: true })
      dialled.catch(() => {})
      const { detail: second } = await opened
      await delay(DRAINED)

      expect(first.status).to.equal('open')
      const closed = pEvent(denied ? second : first, 'close')
      verdict.resolve(denied)
      await closed
      expect((denied ? first : second).status).to.equal('open')
      expect(downs).to.deep.equal([])
    })
  }
})
