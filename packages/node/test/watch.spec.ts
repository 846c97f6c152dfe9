import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { FileWatch } from '../src/watch.ts'

/**
 * Counts calls, and lets a test wait for the next one.
 */
class Calls {
  count = 0
  #next = Promise.withResolvers<void>()

  readonly add = async (): Promise<void> => {
    this.count++
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  async next (change: () => Promise<void>): Promise<void> {
    const next = this.#next.promise
    await change()
    await next
  }
}

describe('files of a running node', () => {
  it('are seen when they are written, replaced, removed, and come again', async () => {
    await using folder = await temporaryFolder()
    const file = folder.join('ca.crt')
    await writeFile(file, 'one')
    const calls = new Calls()
    const watch = new FileWatch(calls.add)
    await watch.watch([file])

    await calls.next(async () => appendFile(file, 'two'))
    await writeFile(folder.join('new'), 'three')
    await calls.next(async () => rename(folder.join('new'), file))
    await calls.next(async () => rm(file))
    await calls.next(async () => writeFile(file, 'four'))
    await watch.close()
  })

  it('are seen where the folder is a link that is turned to another one', async () => {
    await using folder = await temporaryFolder()
    const file = folder.join('conf', 'ca.crt')
    await Promise.all(['v1', 'v2', 'conf'].map(async name => mkdir(folder.join(name))))
    await Promise.all([writeFile(folder.join('v1', 'ca.crt'), 'one'), writeFile(folder.join('v2', 'ca.crt'), 'other')])
    await symlink(folder.join('v1'), folder.join('conf', 'data'))
    await symlink('data/ca.crt', file)
    const calls = new Calls()
    const watch = new FileWatch(calls.add)
    await watch.watch([file])

    // as a container platform updates mounted files: no event of the file's own name comes
    await symlink(folder.join('v2'), folder.join('conf', 'next'))
    await calls.next(async () => rename(folder.join('conf', 'next'), folder.join('conf', 'data')))
    await watch.close()
  })

  it('are looked at now and then where nothing is told of them', async () => {
    await using folder = await temporaryFolder()
    const file = folder.join('far', 'ca.crt')
    await mkdir(folder.join('elsewhere'))
    await writeFile(folder.join('elsewhere', 'ca.crt'), 'one')
    await symlink(folder.join('elsewhere'), folder.join('far'))
    await mkdir(folder.join('other'))
    await writeFile(folder.join('other', 'ca.crt'), 'other')
    const calls = new Calls()
    const watch = new FileWatch(calls.add)
    await watch.watch([file])

    await symlink(folder.join('other'), folder.join('next'))
    await calls.next(async () => rename(folder.join('next'), folder.join('far')))
    await watch.close()
  }).timeout(20_000)

  it('are not asked for while others in their folder change, nor after the end', async () => {
    await using folder = await temporaryFolder()
    const [file, log] = [folder.join('config.ini'), folder.join('node.log')]
    await writeFile(file, 'one')
    const calls = new Calls()
    const watch = new FileWatch(calls.add)
    await watch.watch([file])

    await appendFile(log, 'line')
    await calls.next(async () => appendFile(file, 'two'))
    const { count } = calls
    await watch.close()
    await appendFile(file, 'three')

    expect(count).to.equal(1)
    expect(calls.count).to.equal(1)
  })
})
