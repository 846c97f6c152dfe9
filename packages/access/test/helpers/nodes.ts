import { createNode } from '@fisco-libp2p/node'
import { freePorts } from '@fisco-libp2p/test-kit'
import { pEvent } from 'p-event'
import type { Identity } from '@fisco-libp2p/identity'
import type { FiscoNode, SettingsInit } from '@fisco-libp2p/node'

/**
 * Nodes in this process, each connected with all others, that are stopped at the end of the scope that holds them.
 */
export class Nodes implements AsyncDisposable {
  readonly all: FiscoNode[] = []

  static async start (identities: readonly Identity[], init: (i: number) => Partial<SettingsInit> = () => ({})): Promise<Nodes> {
    const nodes = new Nodes()
    const addresses = (await freePorts(identities.length)).map(port => `/ip4/127.0.0.1/tcp/${port}/tls`)

    nodes.all.push(...await Promise.all(identities.map(async (identity, i) => createNode({ identity, listen: [addresses[i]], peers: addresses.filter((_, other) => other !== i), ...init(i) }))))
    await nodes.connected()

    return nodes
  }

  async connected (): Promise<void> {
    for (const node of this.all) {
      await until(() => node.services.peers.members().length === this.all.length - 1, async () => pEvent(node.services.peers, 'peer:up'))
    }
  }

  /**
   * Resolves when each link has had its first heartbeat, so that a farewell finds its way; there is no event for that.
   */
  async beating (): Promise<void> {
    await until(() => this.all.every(({ services }) => services.peers.members().every(({ rtt }) => rtt != null)), async () => new Promise(resolve => { setTimeout(resolve, 10) }))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.all.map(async node => node.stop()))
  }
}

/**
 * @param next - resolves when the condition may hold that did not before
 */
export async function until (condition: () => boolean, next: () => Promise<unknown>): Promise<void> {
  while (!condition()) {
    await next()
  }
}

/**
 * A clock that a test sets.
 */
export class SetClock {
  offset = 0
  readonly now = (): number => Date.now() + this.offset

  /**
   * @param time - unix milliseconds
   */
  set (time: number): void {
    this.offset = time - Date.now()
  }
}
