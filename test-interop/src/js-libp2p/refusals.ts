import { equal, match } from 'node:assert/strict'
import { pEvent } from 'p-event'
import { addressOf, ourNode, stockNode } from './nodes.ts'
import { within } from './stock-process.ts'
import type { Case } from '../row.ts'
import type { OurNode } from './nodes.ts'
import type { HandshakeRejection } from '@fisco-libp2p/identity'
import type { FiscoNode } from '@fisco-libp2p/node'
import type { Consortium } from '@fisco-libp2p/test-kit'

/**
 * The first refusal that a node tells of, now or soon.
 */
async function rejection ({ identity, rejections }: OurNode<FiscoNode>): Promise<HandshakeRejection> {
  return rejections[0] ?? (await within(pEvent<'handshake:rejected', CustomEvent<HandshakeRejection>>(identity, 'handshake:rejected'), 'handshake:rejected')).detail
}

/**
 * What `peers.list()` says of the one configured address when a dial has failed.
 */
async function waiting ({ node: { services: { peers } } }: OurNode<FiscoNode>): Promise<string> {
  while (peers.list()[0].state !== 'waiting') {
    await within(pEvent(peers, 'peer:retry'), 'peer:retry')
  }

  return `${peers.list()[0].state}, ${peers.list()[0].lastError}`
}

function tell ({ rule, message, refusedBy }: HandshakeRejection): string {
  return `ours tells (${rule}, by ${refusedBy}): ${message}`
}

/**
 * A line of a log, without its time and what comes before the words.
 */
function words (line: string): string {
  return line.replace(/^\S+\s+libp2p:/, 'libp2p:').replace(/\s\+\d+\S+$/, '').slice(0, 200)
}

/**
 * Two doors that do not fit each other: nobody gets in, and both sides say why.
 */
export function refusalCases (consortium: Consortium): Case[] {
  return [
    {
      pair: 'js-libp2p -> ours',
      case: 'noise over tcp at the TLS-first port is refused, both sides say why',
      async run () {
        await using ours = await ourNode(await consortium.identity())
        await using stock = await stockNode()
        const address = addressOf(ours.node, 'tls')
        const said = await stock.failure({ do: 'dial', address: address.replace(/\/tls$/, '') })
        // strangers make no event, so that scanners cannot flood whoever listens: they are logged, and counted by rule
        const told = await ours.log.line(/does not speak TLS/)

        match(told, /libp2p without TLS/)
        equal(ours.node.getConnections().length, 0)
        equal((await stock.run<string[]>({ do: 'peers' })).length, 0)

        return `js-libp2p says: ${said}; ours logs: ${told}`
      }
    },
    {
      pair: 'js-libp2p -> ours',
      case: 'an address with /tls is none that it can dial',
      async run () {
        await using ours = await ourNode(await consortium.identity())
        await using stock = await stockNode()
        const said = await stock.failure({ do: 'dial', address: addressOf(ours.node, 'tls') })

        equal(ours.rejections.length, 0)

        return `js-libp2p says: ${said}`
      }
    },
    {
      pair: 'ours -> js-libp2p',
      case: 'TLS at its noise port is refused, both sides say why',
      async run () {
        await using stock = await stockNode()
        const address = `${stock.address.replace(/\/p2p\/.*/, '')}/tls`
        await using ours = await ourNode(await consortium.identity(), [address])
        const told = await rejection(ours)
        const logged = await stock.logged(/upgrader:error|tcp:listener:error/)
        const status = await waiting(ours)

        equal(ours.node.getConnections().length, 0)
        equal((await stock.run<string[]>({ do: 'peers' })).length, 0)

        return `${tell(told)}; peers.list(): ${status}; js-libp2p logs: ${words(logged)}`
      }
    },
    {
      pair: 'ours -> js-libp2p',
      case: 'an address without /tls is none that it can dial',
      async run () {
        await using stock = await stockNode()
        await using ours = await ourNode(await consortium.identity(), [stock.address])
        const status = await waiting(ours)

        equal(ours.node.getConnections().length, 0)

        return `peers.list(): ${status}`
      }
    }
  ]
}
