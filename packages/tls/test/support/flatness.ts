import { expect } from 'chai'
import { FloodedNode } from './flood.ts'
import type { ProcessFigures } from './listener-process.ts'

const MIB = 1024 * 1024

/**
 * Floods a node with handshakes that fail, and asserts that they leave nothing behind.
 *
 * @param warmUp - how many come before the first measurement: caches fill, code is compiled
 */
export async function expectFlat (count: number, warmUp: number): Promise<{ before: ProcessFigures, after: ProcessFigures }> {
  await using node = await FloodedNode.start()

  await node.flood(warmUp)
  const before = await settled(node)
  await node.flood(count)
  const after = await settled(node)

  expect(after.connections).to.equal(0)
  expect(after.rejections).to.be.at.least((warmUp + count) / 3)
  expect(after.descriptors).to.equal(before.descriptors)
  expect(after.timers).to.be.at.most(before.timers + 2)
  expect(after.heap).to.be.below(before.heap + 8 * MIB)
  expect(after.rss).to.be.below(before.rss + 48 * MIB)

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
