import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chainFolder, freePorts, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { Running } from './support/run.ts'

describe('a key in two processes', () => {
  it('is told of by both of them, and by the others', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 3 })
    const [{ nodeId, dir, config }] = chain.nodes
    const twin = folder.join('twin')
    await cp(dir, twin, { recursive: true })
    await writeFile(join(twin, 'config.ini'), (await readFile(config, 'utf8')).replace(/listen_port=\d+/, `listen_port=${(await freePorts(1))[0]}`))
    const nodes = chain.nodes.map(({ config }, i) => new Running(['start', '--config', config, ...i === 2 ? [] : ['--json']]))

    try {
      await nodes[0].event(({ event }) => event === 'peer:up')
      nodes.push(new Running(['start', '--config', join(twin, 'config.ini'), '--json']))

      const [first, neighbour, , second] = nodes
      const isOwn = ({ event }: Record<string, unknown>): boolean => event === 'identity:cloned'
      expect(await first.event(isOwn)).to.include({ nodeId, name: 'node0', agency: 'agency' })
      expect(await second.event(isOwn)).to.include({ nodeId, name: 'node0' })
      expect(await neighbour.event(({ event }) => event === 'node:cloned')).to.include({ nodeId, name: 'node0', agency: 'agency' })
      const { line } = await nodes[2].event(({ line }) => String(line).includes('WARNING'))
      expect(line).to.contain(`two processes use the key of node ${nodeId.slice(0, 8)}… ("node0", agency "agency")`).and.contain('one of them is to be stopped').and.not.contain(nodeId)
    } finally {
      await Promise.all(nodes.map(async node => node.end()))
    }
  }).timeout(120_000)
})
