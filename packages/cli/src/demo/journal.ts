import type { Reports } from './messages.ts'
import type { RemoteNode } from './remote-node.ts'

/**
 * One thing that a node's process reported.
 */
export interface Entry <Name extends keyof Reports = keyof Reports> {
  from: RemoteNode
  name: Name
  detail: Reports[Name]
  time: number
}

/**
 * Everything that the processes reported, in the order of its arrival: what the demo says it saw, it saw here.
 */
export class Journal {
  private readonly entries: Entry[] = []
  private readonly waiting = new Set<() => void>()

  add (from: RemoteNode, name: keyof Reports, detail: Reports[keyof Reports]): void {
    this.entries.push({ from, name, detail, time: performance.now() })
    this.waiting.forEach(look => { look() })
  }

  /**
   * A place in the journal, to look at what comes after it.
   */
  mark (): number {
    return this.entries.length
  }

  since <Name extends keyof Reports> (mark: number, name: Name, matches: (entry: Entry<Name>) => boolean = () => true): Array<Entry<Name>> {
    return (this.entries.slice(mark) as Array<Entry<Name>>).filter(entry => entry.name === name && matches(entry))
  }

  /**
   * Resolves as soon as `condition` holds; asks again whenever something is reported.
   *
   * @param what - what is waited for, for the error
   */
  async until (what: string, condition: () => boolean, timeout = 30_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => { reject(new Error(`${what}: not seen within ${timeout / 1000} s`)) }, timeout)
    const look = (): void => {
      if (condition()) {
        resolve()
      }
    }

    this.waiting.add(look)
    look()

    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.waiting.delete(look)
    }
  }
}
