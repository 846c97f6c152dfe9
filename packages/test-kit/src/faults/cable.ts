import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

async function ip (...args: string[]): Promise<void> {
  await run('ip', args, { timeout: 10_000 })
}

/**
 * The network namespace of the switch of a {@link CableNetwork}, and the bridge in it.
 */
export class NetworkSwitch implements AsyncDisposable {
  readonly #namespace: string

  private constructor (namespace: string) {
    this.#namespace = namespace
  }

  /**
   * @param name - prefix of all namespaces of one network
   */
  static async create (name: string): Promise<NetworkSwitch> {
    const namespace = switchOf(name)
    await ip('netns', 'add', namespace)
    const created = new NetworkSwitch(namespace)

    try {
      await ip('-n', namespace, 'link', 'add', 'br0', 'type', 'bridge')
      await ip('-n', namespace, 'link', 'set', 'br0', 'up')
    } catch (err) {
      await created[Symbol.asyncDispose]()
      throw err
    }

    return created
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await ip('netns', 'del', this.#namespace)
  }
}

/**
 * A network namespace, and the pair of virtual interfaces that connects it with the switch.
 */
export class Cable implements AsyncDisposable {
  /**
   * The command that puts a process at this end of the cable.
   */
  readonly wrapper: string[]
  readonly #name: string
  readonly #number: number

  private constructor (name: string, number: number) {
    this.#name = name
    this.#number = number
    this.wrapper = ['ip', 'netns', 'exec', this.#namespace]
  }

  /**
   * @param name - prefix of all namespaces of one network
   * @param number - which port of the switch
   * @param address - IPv4 address of this end, in a network of 24 bits
   */
  static async create (name: string, number: number, address: string): Promise<Cable> {
    const cable = new Cable(name, number)
    const namespace = cable.#namespace
    await ip('netns', 'add', namespace)

    try {
      await ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', cable.#port, 'netns', switchOf(name))
      await ip('-n', switchOf(name), 'link', 'set', cable.#port, 'master', 'br0', 'up')
      await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
      await ip('-n', namespace, 'link', 'set', 'lo', 'up')
    } catch (err) {
      await cable[Symbol.asyncDispose]()
      throw err
    }

    return cable
  }

  get #namespace (): string {
    return `${this.#name}-${this.#number}`
  }

  get #port (): string {
    return `port${this.#number}`
  }

  /**
   * Nothing gets through any more, in both directions, and no end of the connections hears of it.
   */
  async pull (): Promise<void> {
    await ip('-n', switchOf(this.#name), 'link', 'set', this.#port, 'down')
  }

  async plug (): Promise<void> {
    await ip('-n', switchOf(this.#name), 'link', 'set', this.#port, 'up')
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await ip('netns', 'del', this.#namespace)
  }
}

function switchOf (name: string): string {
  return `${name}-switch`
}
