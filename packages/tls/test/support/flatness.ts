import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { FloodedNode } from './flood.ts'
import type { ProcessFigures } from './listener-process.ts'

const MIB = 1024 * 1024
const NODE_26 = join(dirname(createRequire(import.meta.url).resolve('node-26/package.json')), 'bin', 'node')

/**
 * Floods a node with handshakes that fail, and asserts that they leave nothing behind. It runs under Node 26: under Node
 * 24.21.0 the server side of any mutual TLS handshake leaves about 10 KiB of native memory behind, with a plain
 * `tls.createServer` as well (22.23.3 and 26.10.0 do not).
 *
 * @param warmUp - how many come before the first measurement: caches fill, code is compiled
 */
export async function expectFlat (count: number, warmUp: number): Promise<{ before: ProcessFigures, after: ProcessFigures }> {
  await using node = await FloodedNode.start(NODE_26)

  await node.flood(warmUp)
  const before = await settled(node)
  await node.flood(count)
  const after = await settled(node)

  expect(after.connections).to.equal(0)
  expect(after.rejections).to.be.at.least((warmUp + count) / 3)
  expect(after.descriptors).to.equal(before.descriptors)
  expect(after.timers).to.be.at.most(before.timers + 2)
  expect(after.heap).to.be.below(before.heap + 8 * MIB)
  // V8 and malloc take up to about 45 MiB in steps and keep them; a leak of 10 KiB a handshake would be four times that
  expect(after.rss).to.be.below(before.rss + 96 * MIB)

  return { before, after }
}

/**
 * Figures when the last handshakes have ended: those that their peers left hanging end by their deadline.
 */
async function settled (node: FloodedNode): Promise<ProcessFigures> {
  let last = await node.figures()

  for (let quiet = 0; quiet < 3;) {
    await new Promise(resolve => setTimeout(resolve, 250))
    const next = await node.figures()

    quiet = next.descriptors === last.descriptors && next.timers === last.timers ? quiet + 1 : 0
    last = next
  }

  return last
}
