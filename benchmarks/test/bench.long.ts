import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))
const run = promisify(execFile)

describe('npm run bench', () => {
  it('measures every figure, however little', async () => {
    await using folder = await temporaryFolder()
    const file = folder.join('report.json')
    const { stdout } = await run(process.execPath, [MAIN, '--scale', '0.01', '--rounds', '1', '--json', file])
    const { environment, figures } = JSON.parse(await readFile(file, 'utf8'))

    expect(environment).to.include.keys('node', 'cpu', 'loadAverage', 'rounds', 'scale')
    expect(Object.keys(figures)).to.deep.equal(['connect', 'request', 'throughput', 'bulk', 'broadcast', 'status', 'memory', 'lane'])

    for (const [name, { note, ours, rivals, ratios, goal, met }] of Object.entries<Record<string, object>>(figures)) {
      const values = [ours, ratios, ...Object.values(rivals)].flatMap(value => Object.values(value))
      expect(values.every(Number.isFinite), name).to.be.true
      expect(Object.keys(goal).every(key => key in ratios), name).to.be.true
      expect(met, name).to.be.a(note == null ? 'boolean' : 'undefined')
      expect(stdout).to.contain(`| \`${name}\` |`)
    }
  })

  it('gives the table of convergence that stands in the README', async () => {
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL('../src/convergence.js', import.meta.url)), '100'])
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')

    // the same numbers each time
    expect(stdout.trim().split('\n')).to.have.lengthOf(8)
    stdout.trim().split('\n').forEach(line => { expect(readme).to.contain(line) })
  })

  it('refuses what it does not know', async () => {
    const failure = await run(process.execPath, [MAIN, '--only', 'speed']).catch(err => err)

    expect(failure.code).to.equal(1)
    expect(failure.stderr).to.contain('--only knows connect, request')
  })
})
