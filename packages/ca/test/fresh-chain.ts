import { cp, rm } from 'node:fs/promises'
import { writeChain } from '@fisco-libp2p/ca'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import type { WriteChainOptions, WrittenChain } from '@fisco-libp2p/ca'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

/**
 * What each test has.
 */
export interface FreshChain {
  /**
   * For files of the test.
   */
  folder: TemporaryFolder

  /**
   * Made once. No test may change it.
   */
  original: WrittenChain

  /**
   * The folder of a copy, which the test may change.
   */
  chain: string
}

/**
 * Gives each test of a suite a chain of its own.
 *
 * @param take - called before each test
 */
export function freshChain (options: Omit<WriteChainOptions, 'output'>, take: (fresh: FreshChain) => void): void {
  let folder: TemporaryFolder
  let original: WrittenChain

  before(async () => {
    folder = await temporaryFolder()
    original = await writeChain({ ...options, output: folder.join('original') })
  })

  beforeEach(async () => {
    const chain = folder.join('chain')
    await rm(chain, { recursive: true, force: true })
    await cp(original.dir, chain, { recursive: true })
    take({ folder, original, chain })
  })

  after(async () => folder[Symbol.asyncDispose]())
}
