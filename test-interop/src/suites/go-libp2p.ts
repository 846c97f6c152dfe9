import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { Bench, GO_TO_OURS } from '../go/bench.ts'
import { directCases } from '../go/direct-cases.ts'
import { linkCases } from '../go/link-cases.ts'
import { CROWD, networkCases } from '../go/network-cases.ts'
import { buildReference, chainOf, lacksGo, testReference } from '../go/reference.ts'
import { statusCases } from '../go/status-cases.ts'
import { topicCases } from '../go/topic-cases.ts'
import type { Suite } from '../row.ts'

/**
 * A node in Go that was written from docs/PROTOCOLS.md: whoever reads that document can join the network.
 */
export const goLibp2p: Suite = {
  name: 'go-libp2p',
  lacks: lacksGo,

  async prepare () {
    const folder = await temporaryFolder()

    try {
      const binary = await buildReference(folder.path)
      const home = await chainOf(folder.path, 'home', 'ed25519', CROWD + 2)
      const bench = new Bench(binary, folder.path, home)
      const foreign = await chainOf(folder.path, 'foreign', 'ed25519')
      const rsa = await chainOf(folder.path, 'rsa', 'rsa')
      const vectors = { pair: GO_TO_OURS, case: 'the byte vectors of PROTOCOLS.md, read from it', run: testReference }

      return {
        cases: [vectors, ...linkCases(bench, foreign, new Bench(binary, folder.path, rsa)), ...directCases(bench), ...statusCases(bench), ...topicCases(bench), ...networkCases(bench)],
        [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]()
      }
    } catch (err) {
      await folder[Symbol.asyncDispose]()

      throw err
    }
  }
}
