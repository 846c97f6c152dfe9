import { fileURLToPath } from 'node:url'
import { DrivenNode } from '../go/driven-node.ts'
import type { NodeLine } from '../go/driven-node.ts'

const OUR_NODE = fileURLToPath(new URL('./our-node.js', import.meta.url))

/**
 * Rules of refusals that say no more than that a node was not there, or not for long.
 */
const OF_RESTARTS: readonly unknown[] = ['closed', 'timeout', 'tls-failure', 'draining']

/**
 * Who a member is, and how it is started.
 */
export interface MemberInit {
  name: string
  kind: 'ours' | 'go'

  /**
   * The reference node's program.
   */
  binary: string

  /**
   * Folder with key and certificates.
   */
  conf: string

  /**
   * File or folder for what survives a restart.
   */
  state: string
  port: number

  /**
   * Addresses of all others.
   */
  others: readonly string[]
}

/**
 * A member's life from one start to the next end. Times are milliseconds of `performance.now()`.
 */
export interface Session {
  node: DrivenNode

  /**
   * When all of the network knew it.
   */
  settled?: number

  /**
   * When it was told to end, or killed.
   */
  ended?: number

  /**
   * How often it has heard what, by SHA-256.
   */
  heard: Map<string, number>
}

/**
 * A node of the mixed network, with all its lives.
 */
export class Member {
  readonly name: string
  readonly kind: 'ours' | 'go'
  readonly sessions: Session[] = []

  /**
   * What should not have been, in words.
   */
  readonly complaints: string[] = []
  readonly #init: MemberInit
  readonly #nameOf: (nodeId: unknown) => string | undefined

  /**
   * @param nameOf - the name of another member that is up and has been up for long, so that nobody may lose it
   */
  constructor (init: MemberInit, nameOf: (nodeId: unknown) => string | undefined) {
    this.name = init.name
    this.kind = init.kind
    this.#init = init
    this.#nameOf = nameOf
  }

  /**
   * The session that it is in, if it is up.
   */
  get session (): Session | undefined {
    const last = this.sessions.at(-1)

    return last?.ended == null ? last : undefined
  }

  /**
   * Whether it is up, and all of the network has known it.
   */
  get settled (): boolean {
    return this.session?.settled != null
  }

  /**
   * @throws Error if it is not up
   */
  get node (): DrivenNode {
    if (this.session == null) {
      throw new Error(`${this.name} is not up`)
    }

    return this.session.node
  }

  /**
   * Starts it, and has it follow the topic.
   */
  async start (): Promise<void> {
    const { kind, binary, conf, state, port, others } = this.#init
    const heard = new Map<string, number>()
    const args = ['-conf', conf, '-state', state, '-listen', `/ip4/127.0.0.1/tcp/${port}/tls`].map(arg => kind === 'go' ? arg : arg.replace(/^-(?=\w)/, '--'))
    const node = await DrivenNode.start(kind === 'go' ? [binary, ...args] : [process.execPath, OUR_NODE, ...args, ...others.flatMap(address => ['--peer', address])], line => { this.#hear(line, heard) })
    this.sessions.push({ node, heard })
    await node.command('follow', { name: 'prices' })
  }

  /**
   * Ends it, with a farewell or without.
   */
  async end (how: 'stop' | 'kill'): Promise<void> {
    const { session } = this

    if (session != null) {
      session.ended = performance.now()
      await (how === 'kill' ? session.node.kill() : session.node[Symbol.asyncDispose]())
    }
  }

  #hear ({ event, ...line }: NodeLine, heard: Map<string, number>): void {
    if (event === 'message') {
      heard.set(String(line.sha256), (heard.get(String(line.sha256)) ?? 0) + 1)
    } else if (event === 'self-superseded' || (event === 'refused' && !OF_RESTARTS.includes(line.rule))) {
      this.complaints.push(`${this.name}: ${event} ${JSON.stringify(line)}`)
    } else if (event === 'peer:down' && this.settled) {
      const lost = this.#nameOf(line.nodeId)

      if (lost != null) {
        this.complaints.push(`${this.name} lost ${lost}, which was up`)
      }
    }
  }
}
