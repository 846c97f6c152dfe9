import { setTimeout } from 'node:timers/promises'
import { markOf } from '../go/expect.ts'
import { FOLLOWS_PRICES } from '../go/status.ts'
import type { NodeRecord } from '../go/status.ts'
import type { Member } from './member.ts'

const LOOK_EVERY = 200
const SETTLES_WITHIN = 45_000

/**
 * Nodes of both kinds, each connected with all others.
 */
export class MixedNetwork implements AsyncDisposable {
  readonly members: readonly Member[]

  constructor (members: readonly Member[]) {
    this.members = members
  }

  /**
   * Starts a member. Ours dial by themselves whom they are configured with; the reference node is told to.
   */
  async start (member: Member): Promise<void> {
    await member.start()
    const others = this.members.filter(other => other !== member && other.session != null)

    if (member.kind === 'go') {
      // who is not there any more dials by itself when it is back, or is told to
      await Promise.all(others.map(async other => member.node.attempt('dial', { addr: other.node.address })))
    }
  }

  /**
   * Waits until each member that is up has the present status of all others, in which all name all as neighbours.
   *
   * @returns how many milliseconds that took
   * @throws Error that says who lacks what
   */
  async settle (): Promise<number> {
    const begin = performance.now()

    for (;;) {
      const lacking = await this.#lacking()
      const now = performance.now()

      if (lacking.length === 0) {
        this.members.forEach(({ session }) => {
          if (session != null) {
            session.settled ??= now
          }
        })

        return now - begin
      }

      if (now - begin > SETTLES_WITHIN) {
        throw new Error(`not settled within ${SETTLES_WITHIN} ms: ${lacking.join('; ')}`)
      }

      await setTimeout(LOOK_EVERY)
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.members.map(async member => member.end('stop')))
  }

  async #lacking (): Promise<string[]> {
    const up = this.members.filter(({ session }) => session != null)
    const marks = up.map(({ node }) => ({ node, mark: markOf(node.nodeId) }))
    const lacking = await Promise.all(up.map(async ({ name, node }) => {
      const records = (await node.command('list-status')).records as NodeRecord[]

      return up.flatMap(other => {
        const { nodeId, incarnation } = other.node
        const record = records.find(record => record.nodeId === nodeId)
        const neighbours = record?.entries['fisco/neighbours'] ?? ''

        if (record?.incarnation !== incarnation || record.entries['fisco/topics'] !== FOLLOWS_PRICES) {
          return [`${name} lacks the status of ${other.name}`]
        }

        return marks.every(({ node, mark }) => node.nodeId === nodeId || neighbours.includes(mark)) ? [] : [`by what ${name} knows, ${other.name} is not connected with all`]
      })
    }))

    return lacking.flat()
  }
}
