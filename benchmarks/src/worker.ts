// A process of a pair, see pair.ts: `worker.js <contender> <server|client> <key> <cert> <ca>`, commanded by messages.
import { obey } from './commanded.ts'
import { CONTENDERS } from './contenders/index.ts'
import { TASKS } from './tasks.ts'
import type { ContenderClient, ContenderLink, ContenderServer } from './contender.ts'
import type { ContenderName } from './contenders/index.ts'
import type { Command, Usage } from './pair.ts'

const [name, role, key, cert, ca] = process.argv.slice(2)
const contender = CONTENDERS[name as ContenderName]
const credentials = { key, cert, ca }
const server: ContenderServer | undefined = role === 'server' ? await contender.serve(credentials) : undefined
const client = role === 'client' ? await contender.client(credentials) : undefined
let link: ContenderLink | undefined
const others: ContenderClient[] = []

async function run (command: Command): Promise<unknown> {
  switch (command.op) {
    case 'address':
      return server?.port
    case 'usage':
      return usage()
    case 'connect':
      link = await client?.connect(command.port)

      return
    case 'dial':
      return dialAgain(command)
    case 'crowd':
      await crowd(command)

      return
    case 'task':
      if (link == null) {
        throw new Error('not connected')
      }

      return (TASKS[command.task] as (link: ContenderLink, params: object) => Promise<object>)(link, command.params)
  }
}

async function close (): Promise<void> {
  await link?.close()
  await Promise.all([client, ...others].map(async other => other?.close()))
  await server?.close()
}

/**
 * Connects, asks one thing, and closes, again and again.
 *
 * @returns milliseconds until each answer
 */
async function dialAgain ({ port, count }: Extract<Command, { op: 'dial' }>): Promise<number[]> {
  const times: number[] = []

  for (let i = 0; i < count; i++) {
    const start = performance.now()
    const dialled = await client?.connect(port)
    await dialled?.request(Uint8Array.of(1))
    times.push(performance.now() - start)
    await dialled?.close()
  }

  return times
}

/**
 * Connects by many nodes, and stays connected.
 */
async function crowd ({ port, members }: Extract<Command, { op: 'crowd' }>): Promise<void> {
  for (const member of members) {
    const other = await contender.client(member)
    others.push(other)
    await other.connect(port)
  }
}

function usage (): Usage {
  const { user, system } = process.cpuUsage()
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()

  return { cpuMs: (user + system) / 1_000, rss, heapUsed }
}

obey(run, close)
