import { readFile, writeFile } from 'node:fs/promises'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'

const COLUMNS = 90
const narrow = { execArgv: ['--import', `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process.stdout, 'columns', { value: ${COLUMNS} })`)}`] }

describe('a peer that is refused', () => {
  it('has a table that fits the terminal, and the advice below it', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [a, b] } = await chainFolder(folder.join('chain'), { nodes: 2 })
    await writeFile(a.config, (await readFile(a.config, 'utf8')).replace('[certificate_blacklist]', `[certificate_blacklist]\ncrl.0=${b.nodeId}`))
    const nodes = [a, b].map(({ config }) => new Running(['start', '--config', config, '--json']))

    try {
      await nodes[0].event(({ event }) => event === 'peer:refused')
      const { stdout } = await run(['peers', 'list', '--config', a.config], narrow)
      const lines = stdout.trimEnd().split('\n')
      const table = lines.filter(line => /^[┌├│└]/.test(line))

      expect(Math.max(...table.map(line => line.length))).to.be.at.most(COLUMNS)
      expect(table.join(' ').replace(/[│\s]+/g, ' ')).to.contain('refused by this')
      expect(table.find(line => line.includes(`${b.nodeId.slice(0, 8)}…`)), 'who it is').to.not.include('?')
      expect(lines.slice(table.length)).to.have.lengthOf(1)
      expect(lines.at(-1)).to.match(/^127\.0\.0\.1:\d+: we refused the peer: node [0-9a-f]{8}… is not allowed here: see \[certificate_blacklist\] and \[certificate_whitelist\]$/)
    } finally {
      await Promise.all(nodes.map(async node => node.end()))
    }
  }).timeout(120_000)
})
