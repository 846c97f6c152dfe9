import { appendFile, cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyChain, writeChain } from '@fisco-libp2p/ca'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

const DAY = 24 * 60 * 60 * 1000

describe('verifyChain', () => {
  let folder: TemporaryFolder

  before(async () => {
    folder = await temporaryFolder()
    await writeChain({ output: folder.join('good'), nodes: 2, agency: 'agencyA', days: 30 })
    await writeChain({ output: folder.join('other'), nodes: 1 })
  })

  after(async () => folder[Symbol.asyncDispose]())

  /**
   * What is said of the good chain after `spoil` has changed it.
   */
  async function reason (spoil: (dir: string) => Promise<unknown>): Promise<string> {
    await using copy = await temporaryFolder()
    await cp(folder.join('good'), copy.path, { recursive: true })
    await spoil(copy.path)

    return await verifyChain(copy.path).then(() => 'verifies', err => `${err.name}: ${err.message}`)
  }

  it('lists the nodes', async () => {
    const nodes = await verifyChain(folder.join('good'))

    expect(nodes.map(({ name, agency, dir, config }) => ({ name, agency, dir, config }))).to.deep.equal(['node0', 'node1'].map(name => ({
      name, agency: 'agencyA', dir: folder.join('good', 'nodes', name), config: folder.join('good', 'nodes', name, 'config.ini')
    })))
    expect(nodes[0].nodeId).to.match(/^[0-9a-f]{128}$/)
    expect(nodes[0].peerId.toString()).to.match(/^16Uiu2HA/)
    expect(nodes[0].notAfter.getTime()).to.be.within(Date.now() + 29 * DAY, Date.now() + 30 * DAY)
  })

  it('lists them by number, and needs no keys of the CAs', async () => {
    await using copy = await temporaryFolder()
    const { dir, nodes } = await writeChain({ output: copy.join('chain'), nodes: 11 })
    await rm(join(dir, 'ca.key'))
    await rm(join(dir, 'agency'), { recursive: true })

    expect((await verifyChain(dir)).map(({ nodeId }) => nodeId)).to.deep.equal(nodes.map(({ nodeId }) => nodeId))
  })

  it('goes by the clock', async () => {
    const late = await verifyChain(folder.join('good'), { now: () => Date.now() + 31 * DAY }).catch(err => err)
    const early = await verifyChain(folder.join('good'), { now: () => Date.now() - DAY }).catch(err => err)

    expect(late).to.have.property('name', 'InvalidChainError')
    expect(late.message).to.contain('expired').and.contain(folder.join('good', 'nodes', 'node0', 'conf'))
    expect(early.message).to.contain('not-yet-valid')
  })

  it('tells that there is no chain', async () => {
    for (const dir of [folder.join('nothing'), folder.path, folder.join('good', 'ca.crt')]) {
      const error = await verifyChain(dir).catch(err => err)

      expect(error).to.have.property('name', 'ChainNotFoundError')
      expect(error.path).to.equal(dir)
    }

    await using empty = await temporaryFolder()
    await mkdir(empty.join('nodes'))
    expect(await verifyChain(empty.path).catch(err => err.name)).to.equal('ChainNotFoundError')
  })

  it('finds what does not fit', async () => {
    const conf = (dir: string, file = '', node = 'node0'): string => join(dir, 'nodes', node, 'conf', file)

    expect(await reason(async () => {})).to.equal('verifies')
    expect(await reason(async dir => cp(conf(dir, 'node.key', 'node1'), conf(dir, 'node.key')))).to.match(/^InvalidChainError: .*key-mismatch/)
    expect(await reason(async dir => cp(conf(folder.join('other')), conf(dir), { recursive: true }))).to.match(/^InvalidChainError: .*belongs to another chain/)
    expect(await reason(async dir => cp(conf(folder.join('other'), 'node.crt'), conf(dir, 'node.crt')))).to.match(/^InvalidChainError: /)
    expect(await reason(async dir => cp(conf(dir, 'node.nodeid', 'node1'), conf(dir, 'node.nodeid')))).to.match(/^InvalidChainError: .*node\.nodeid: it is not the node ID/)
    expect(await reason(async dir => rm(join(dir, 'ca.crt')))).to.match(/^InvalidChainError: .*ca\.crt: it cannot be read/)
    expect(await reason(async dir => rm(conf(dir, 'node.crt')))).to.match(/^InvalidChainError: .*node\.crt/)
    expect(await reason(async dir => rm(join(dir, 'nodes', 'node1', 'config.ini')))).to.match(/^InvalidChainError: .*config\.ini/)
    expect(await reason(async dir => mkdir(join(dir, 'nodes', 'node2')))).to.match(/^InvalidChainError: .*node2/)
    expect(await reason(async dir => writeFile(conf(dir, 'node.crt'), 'x'))).to.match(/^InvalidChainError: .*not-pem/)
    expect(await reason(async dir => appendFile(join(dir, 'nodes', 'README'), 'x')), 'a file among the nodes').to.equal('verifies')
  })

  it('can be stopped', async () => {
    const signal = AbortSignal.abort(new Error('enough'))

    expect(await verifyChain(folder.join('good'), { signal }).catch(err => err.message)).to.equal('enough')
  })
})
