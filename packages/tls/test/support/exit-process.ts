import { createConsortium } from '@fisco-libp2p/test-kit'
import { CARRIERS, startNode } from './nodes.ts'

/**
 * A process of its own: links that are closed by either end, then nothing more. It ends by itself as soon as nothing is
 * left running; the test asserts that no timer of a muxer (30 s) keeps it.
 */
const consortium = await createConsortium()

for (const carrier of CARRIERS) {
  for (const first of ['listener', 'dialler']) {
    const listener = await startNode(await consortium.identity(), { carrier })
    const dialler = await startNode(await consortium.identity(), { carrier })
    const closed = new Promise(resolve => {
      const other = first === 'listener' ? dialler : listener
      other.libp2p.addEventListener('connection:close', resolve)
    })
    await dialler.libp2p.dial(listener.libp2p.getMultiaddrs())
    // let identify and the muxer's first ping be done
    await new Promise(resolve => setTimeout(resolve, 100))

    await (first === 'listener' ? listener : dialler)[Symbol.asyncDispose]()
    await closed
    await (first === 'listener' ? dialler : listener)[Symbol.asyncDispose]()
  }
}

process.stdout.write('stopped\n')
