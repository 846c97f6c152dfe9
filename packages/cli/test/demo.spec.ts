import { readFile, writeFile } from 'node:fs/promises'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'

const CHAIN = '.fisco-p2p/demo'

/**
 * Process IDs as the demo's table shows them.
 */
function processesIn (lines: string[]): number[] {
  return lines.flatMap(line => /^│ node\d │ [0-9a-f]+… │ (\d+)/.exec(line)?.slice(1).map(Number) ?? [])
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('fisco-p2p demo', () => {
  it('shows all that it promises, and uses its chain again', async () => {
    await using folder = await temporaryFolder()
    const { code, stdout, stderr } = await run(['demo', '--once', '--json'], { cwd: folder.path })
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

    expect(code, stderr).to.equal(0)
    expect(report).to.have.all.keys('nodes', 'unicast', 'multicast', 'broadcast', 'status', 'restart', 'refused')
    expect(report).to.deep.include({ nodes: 4, multicast: { followers: 2, delivered: 2, others: 0 }, broadcast: { delivered: 3, duplicates: 0 }, refused: { foreignCa: true } })
    expect(report.unicast).to.include({ ok: true })
    expect(report.status).to.include({ converged: true })
    expect(report.restart).to.include({ reconnected: true, statusAccepted: true })
    expect(stderr).to.include('chain: created')

    const nodeId = await readFile(folder.join(CHAIN, 'nodes', 'node0', 'conf', 'node.nodeid'), 'utf8')
    const again = new Running(['demo'], { cwd: folder.path })
    await again.event(({ line }) => String(line).includes('until Ctrl-C'))

    expect(String(again.events[0].line)).to.include('it is used again')
    expect(await readFile(folder.join(CHAIN, 'nodes', 'node0', 'conf', 'node.nodeid'), 'utf8')).to.equal(nodeId)

    const second = await run(['demo', '--once'], { cwd: folder.path })
    expect(second.code).to.equal(1)
    expect(second.stderr).to.include('another demo is running')

    const processes = processesIn(again.events.map(({ line }) => String(line)))
    expect(processes).to.have.lengthOf(4)
    expect(processes.every(isAlive)).to.equal(true)
    expect(await again.end('SIGINT')).to.equal(0)
    expect(processes.some(isAlive)).to.equal(false)
  }).timeout(120_000)

  it('makes a new chain, and keeps the old one, when that does not verify', async () => {
    await using folder = await temporaryFolder()
    const first = new Running(['demo'], { cwd: folder.path })
    await first.event(({ line }) => String(line).includes('nodes connected'))
    // in the middle of its steps
    await first.end('SIGTERM')
    const damaged = folder.join(CHAIN, 'nodes', 'node1', 'conf', 'node.key')
    await writeFile(damaged, 'nonsense')

    const second = new Running(['demo'], { cwd: folder.path })
    await second.event(({ line }) => String(line).includes('nodes connected'))
    expect(String(second.events[0].line)).to.include('chain: created')
    expect(await readFile(folder.join(`${CHAIN}.old`, 'nodes', 'node1', 'conf', 'node.key'), 'utf8')).to.equal('nonsense')
    await second.end('SIGTERM')
  })

  it('takes its nodes with it when it is killed', async () => {
    await using folder = await temporaryFolder()
    const demo = new Running(['demo'], { cwd: folder.path })
    await demo.event(({ line }) => String(line).includes('until Ctrl-C'))
    const processes = processesIn(demo.events.map(({ line }) => String(line)))

    expect(processes).to.have.lengthOf(4)
    await demo.end('SIGKILL')

    while (processes.some(isAlive)) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })
})
