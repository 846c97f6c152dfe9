import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { loadIdentity } from '@fisco-libp2p/identity'
import { nodeDefaults } from '@fisco-libp2p/node'
import { caTls } from '@fisco-libp2p/tls'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { DrivenNode } from './driven-node.ts'
import { contains, WAIT } from './expect.ts'
import type { Case } from '../row.ts'
import type { Identity } from '@fisco-libp2p/identity'
import type { NodeServices } from '@fisco-libp2p/node'
import type { Libp2p } from '@libp2p/interface'

/**
 * Who talks to whom.
 */
export const OURS_TO_GO = 'ours -> go-libp2p'
export const GO_TO_OURS = 'go-libp2p -> ours'
const MAX_MESSAGE_SIZE = 16 * 1024 * 1024

/**
 * A node of ours.
 */
export type Ours = Libp2p<NodeServices>

/**
 * How both ends meet: TLS from the first byte, or an encrypter that multistream-select chooses.
 */
export type Form = 'TLS-first' | 'encrypter'

/**
 * How the nodes of a case are set up.
 */
export interface PairOptions {
  form?: Form
  dialler?: 'ours' | 'go'

  /**
   * Folder of the Go node's chain, if that is another one.
   */
  goConf?: string
  goArgs?: readonly string[]

  /**
   * Whether they are connected before the case begins.
   */
  connect?: boolean
}

/**
 * Both nodes of a case.
 */
export interface Pair {
  ours: Ours
  identity: Identity
  go: DrivenNode
  dial (): Promise<void>
}

/**
 * Starts the nodes of the cases, all of one chain.
 */
export class Bench {
  readonly #binary: string
  readonly #folder: string
  readonly #nodes: readonly string[]

  constructor (binary: string, folder: string, nodes: readonly string[]) {
    this.#binary = binary
    this.#folder = folder
    this.#nodes = nodes
  }

  async startGo ({ form = 'TLS-first', goConf, goArgs = [] }: PairOptions = {}, state = this.statePath(), node = 1): Promise<DrivenNode> {
    return DrivenNode.start([this.#binary, '-conf', goConf ?? this.#nodes[node], '-listen', form === 'TLS-first' ? '/ip4/127.0.0.1/tcp/0/tls' : '/ip4/127.0.0.1/tcp/0', '-state', state, ...goArgs])
  }

  /**
   * A new file for what must survive a restart of the Go node.
   */
  statePath (): string {
    return join(this.#folder, randomUUID())
  }

  /**
   * The first node of the chain is ours, the second one the Go node, unless a case says otherwise.
   */
  async identity (node = 0): Promise<Identity> {
    const folder = this.#nodes[node]

    return loadIdentity({ key: join(folder, 'node.key'), cert: join(folder, 'node.crt'), ca: join(folder, 'ca.crt') })
  }

  async startOurs (identity: Identity, { form = 'TLS-first' }: PairOptions = {}): Promise<Ours> {
    const defaults = nodeDefaults({ identity, listen: ['/ip4/127.0.0.1/tcp/0/tls'], unicast: { maxMessageSize: MAX_MESSAGE_SIZE } })

    return createLibp2p<NodeServices>(form === 'TLS-first'
      ? defaults
      : { ...defaults, addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [caTls({ identity })] })
  }

  async withPair (options: PairOptions, use: (pair: Pair) => Promise<string | void>): Promise<string | void> {
    const identity = await this.identity()
    await using go = await this.startGo(options)
    const ours = await this.startOurs(identity, options)
    const dial = async (): Promise<void> => options.dialler === 'go' ? goDials(go, ours) : oursDials(ours, go)

    try {
      if (options.connect !== false) {
        await dial()
      }

      return await use({ ours, identity, go, dial })
    } finally {
      await ours.stop()
    }
  }
}

/**
 * A case in both directions.
 */
export function both (make: (pair: string, dialler: 'ours' | 'go') => Case): Case[] {
  return [make(OURS_TO_GO, 'ours'), make(GO_TO_OURS, 'go')]
}

/**
 * Connects them.
 */
export async function oursDials (ours: Ours, go: DrivenNode): Promise<void> {
  await ours.dial(multiaddr(go.address), { signal: AbortSignal.timeout(WAIT) })
}

/**
 * Connects them, the other way.
 */
export async function goDials (go: DrivenNode, ours: Ours): Promise<void> {
  await go.command('dial', { addr: ours.getMultiaddrs()[0].toString() })
}

/**
 * Throws unless a request of the Go node fails by this error.
 */
export async function failsWith (error: string, go: DrivenNode, ours: Ours, name: string): Promise<string> {
  const answer = await go.attempt('request', { peer: ours.peerId.toString(), lane: 1, name, size: 3 })

  return contains(String(answer.error), error)
}
