import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Calls, ProcessMessage, Reports } from './messages.ts'
import type { ChildProcess } from 'node:child_process'

const SCRIPT = fileURLToPath(new URL('./node-process.js', import.meta.url))
const CALL_TIMEOUT = 25_000
const MAX_STDERR = 4_096

/**
 * Hears everything that the processes report.
 */
export interface ReportListener {
  <Name extends keyof Reports> (from: RemoteNode, name: Name, detail: Reports[Name]): void
}

/**
 * A node in a process of its own, as the demo sees it.
 */
export class RemoteNode {
  readonly name: string
  readonly config: string
  nodeId = ''
  running = false

  /**
   * Node IDs of those that it says it is connected to.
   */
  readonly connected = new Set<string>()

  private readonly listener: ReportListener
  private process?: ChildProcess
  private nextId = 1
  private stderr = ''
  private readonly pending = new Map<number, PromiseWithResolvers<object>>()

  constructor (name: string, config: string, listener: ReportListener) {
    this.name = name
    this.config = config
    this.listener = listener
  }

  get pid (): number | undefined {
    return this.process?.pid
  }

  /**
   * Starts the process, and resolves when the node listens.
   */
  async start (): Promise<void> {
    const child = fork(SCRIPT, [this.config], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    const { promise, resolve, reject } = Promise.withResolvers<void>()

    this.process = child
    this.stderr = ''
    child.stderr?.on('data', chunk => { this.stderr = `${this.stderr}${chunk}`.slice(-MAX_STDERR) })
    child.on('message', (message: ProcessMessage) => {
      this.onMessage(message)

      if ('report' in message && message.report === 'started') {
        resolve()
      } else if ('report' in message && message.report === 'failed') {
        reject(new Error((message.detail as Reports['failed']).message))
      }
    })
    child.on('error', reject)
    child.once('exit', (code, signal) => {
      const reason = new Error(`the process of ${this.name} ended (${signal ?? `exit code ${code}`})${this.stderr === '' ? '' : `: ${this.stderr.trim().split('\n')[0]}`}`)

      this.running = false
      this.connected.clear()
      this.pending.forEach(call => { call.reject(reason) })
      this.pending.clear()
      reject(reason)
    })

    await promise
    this.running = true
  }

  /**
   * Has the process do something.
   */
  async call <Name extends keyof Calls> (call: Name, args: Calls[Name]['args']): Promise<Calls[Name]['result']> {
    const id = this.nextId++
    const pending = Promise.withResolvers<object>()
    const timer = setTimeout(() => { pending.reject(new Error(`${this.name} did not answer "${call}" within ${CALL_TIMEOUT} ms`)) }, CALL_TIMEOUT)

    this.pending.set(id, pending)
    this.process?.send({ id, call, args })

    try {
      return await pending.promise as Calls[Name]['result']
    } finally {
      clearTimeout(timer)
      this.pending.delete(id)
    }
  }

  /**
   * Ends the process as a power cut would.
   */
  async kill (): Promise<void> {
    const child = this.process

    if (child?.exitCode === null && child.signalCode === null) {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
  }

  /**
   * Asks the process to leave the network and end, and ends it when it does not.
   */
  async stop (): Promise<void> {
    const child = this.process

    if (child?.exitCode === null && child.signalCode === null) {
      const ended = new Promise(resolve => child.once('exit', resolve))
      // its end of the channel notices, and it leaves by itself
      child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(timer)
    }
  }

  private onMessage (message: ProcessMessage): void {
    if (!('report' in message)) {
      const call = this.pending.get(message.id)

      if ('error' in message) {
        call?.reject(new Error(`${this.name}: ${message.error}`))
      } else {
        call?.resolve(message.result)
      }

      return
    }

    const detail = message.detail as Reports['peer:up']

    if (message.report === 'started') {
      this.nodeId = detail.nodeId
    } else if (message.report === 'peer:up') {
      this.connected.add(detail.nodeId)
    } else if (message.report === 'peer:down') {
      this.connected.delete(detail.nodeId)
    }

    this.listener(this, message.report, detail as Reports[typeof message.report])
  }
}
