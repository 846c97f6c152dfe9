import { resolve } from 'node:path'
import { EndRequest } from '../end-request.ts'
import { NODES, prepareChain, prepareIntruder } from './chain.ts'
import { Journal } from './journal.ts'
import { lock } from './lock.ts'
import { RemoteNode } from './remote-node.ts'
import { emptyReport, isComplete } from './report.ts'
import { assemble, broadcast, foreignCa, multicast, restart, status, unicast } from './steps.ts'
import { View } from './view.ts'
import type { Output } from '../output.ts'
import type { DemoNode } from './chain.ts'
import type { Reports } from './messages.ts'
import type { ReportListener } from './remote-node.ts'
import type { DemoReport } from './report.ts'
import type { Stage } from './steps.ts'

/**
 * Options of {@link runDemo}.
 */
export interface DemoOptions {
  /**
   * Folder of the demo's chain.
   */
  dir: string

  /**
   * End when all is shown, instead of at Ctrl-C.
   */
  once: boolean
  output: Output
}

/**
 * Starts four nodes, each in a process of its own, and shows what a network of them does. Every value of the report was
 * observed by the processes concerned.
 */
export async function runDemo (options: DemoOptions): Promise<DemoReport & { ok: boolean }> {
  const dir = resolve(options.dir)
  const view = new View(options.output)
  const journal = new Journal()
  const report = emptyReport()
  using end = new EndRequest()
  await using _lock = await lock(`${dir}.lock`)
  const { nodes: configs, ports, created } = await prepareChain(dir)
  const listener: ReportListener = (from, name, detail) => {
    journal.add(from, name, detail)
    follow(view, name, detail)
  }

  const nodes = configs.map(({ name, config }) => new RemoteNode(name, config, listener))
  const stage: Stage = { nodes, journal, report, listener, say: line => { view.line(line) } }

  try {
    view.line(created ? `chain: created in ${options.dir} (CA, agency, ${NODES} nodes)` : `chain: ${options.dir} verifies, it is used again`)
    view.show(nodes)
    await Promise.race([play(stage, async () => prepareIntruder(`${dir}-intruder`, ports, dir)), end.promise])
    view.summary()

    const ok = isComplete(report, NODES)

    if (options.once) {
      options.output.result(ok ? 'all of it worked' : `not all of it worked: ${JSON.stringify(report)}`, report)
    } else {
      view.line('the nodes stay up until Ctrl-C')
      await end.promise
    }

    return { ...report, ok }
  } finally {
    await Promise.all(nodes.map(async node => node.stop()))
  }
}

async function play (stage: Stage, intruder: () => Promise<DemoNode>): Promise<void> {
  await assemble(stage)
  await unicast(stage)
  await multicast(stage)
  await broadcast(stage)
  await status(stage)
  await restart(stage)
  await foreignCa(stage, await intruder())
}

function follow (view: View, name: keyof Reports, detail: Reports[keyof Reports]): void {
  if (name === 'status') {
    const { nodeId, seq, entries } = detail as Reports['status']
    view.statuses.set(nodeId, { seq, entries })
  }

  view.redraw()
}
