import { accessGater } from '@fisco-libp2p/access'
import { nodeDefaults } from '@fisco-libp2p/node'
import { peers } from '@fisco-libp2p/peers'
import { createConsortium } from '@fisco-libp2p/test-kit'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { FAST } from '../network.ts'
import type { TestNode } from '../network.ts'
import type { AccessLists } from '@fisco-libp2p/access'
import type { Identity } from '@fisco-libp2p/identity'
import type { PeersInit } from '@fisco-libp2p/peers'
import type { Consortium } from '@fisco-libp2p/test-kit'
import type { ConnectionGater } from '@libp2p/interface'

/**
 * A node with a certificate, on the TLS-first transport.
 */
export interface MemberNode {
  node: TestNode
  identity: Identity
  access: AccessLists
}

/**
 * Nodes of one consortium, and their end.
 */
export class MemberNetwork {
  #consortium?: Promise<Consortium>
  readonly #nodes: TestNode[] = []

  async member (init: PeersInit = {}, options: { chainId?: string, deny?: string[], port?: number, gater?: ConnectionGater } = {}): Promise<MemberNode> {
    this.#consortium ??= createConsortium({ keyType: 'ed25519' })
    const { chainId, deny, port = 0, gater } = options
    const identity = await (await this.#consortium).identity({ chainId })
    const defaults = nodeDefaults({ identity, listen: [`/ip4/127.0.0.1/tcp/${port}/tls`] })
    const access = accessGater({ identity, deny })
    const node = await createLibp2p({
      ...defaults,
      connectionGater: gater ?? access,
      services: { identify: identify(), peers: peers({ ...FAST, identity, ...init }) }
    })
    this.#nodes.push(node)

    return { node, identity, access }
  }

  async stop (): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map(async node => { await node.stop() }))
  }
}
