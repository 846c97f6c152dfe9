import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'
import type { WrittenNode } from '@fisco-libp2p/ca'

async function setting (node: WrittenNode, section: string, line: string): Promise<void> {
  const text = await readFile(node.config, 'utf8')
  // as an editor or a configuration tool does it: the file is replaced
  await writeFile(`${node.config}.new`, text.replace(`[${section}]`, `[${section}]\n    ${line}`))
  await rename(`${node.config}.new`, node.config)
}

describe('trust in running nodes', () => {
  it('is taken back by a CRL, a list, SIGHUP and reload, and seen in cert expiry', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 3 })
    const [a, b, c] = chain.nodes
    const crl = join(chain.dir, 'agency', 'agency.crl')
    const put = async (): Promise<void> => {
      await copyFile(crl, join(a.dir, 'conf', 'new.crl'))
      await rename(join(a.dir, 'conf', 'new.crl'), join(a.dir, 'conf', 'agency.crl'))
    }

    // a CRL that is configured must be there
    await setting(a, 'network_security', 'crl.0=agency.crl')
    const without = await run(['start', '--config', a.config])
    expect(without.code).to.equal(1)
    expect(without.stderr).to.match(/^error: .*agency\.crl: unreadable: the file does not exist; a CRL that is configured must be there/)

    await run(['cert', 'crl', '--chain', chain.dir])
    await put()
    const nodes = chain.nodes.map(({ config }) => new Running(['start', '--config', config, '--json']))
    const [first, second] = nodes

    try {
      for (const [i, node] of nodes.entries()) {
        await Promise.all(chain.nodes.filter((_, other) => other !== i).map(async ({ nodeId }) => node.event(({ event, nodeId: up }) => event === 'peer:up' && up === nodeId)))
      }

      const expiry = JSON.parse((await run(['cert', 'expiry', '--config', a.config, '--json'])).stdout)
      expect(expiry.calendar.map(({ NodeID }: { NodeID: string }) => NodeID)).to.have.members(chain.nodes.map(({ nodeId }) => nodeId))
      expect(expiry.crls).to.have.lengthOf(1)
      expect(expiry.crls[0]).to.include({ issuer: 'CN=agency, O=fisco-bcos, OU=agency', number: '1', revoked: 0, required: true })
      const table = (await run(['cert', 'expiry', '--config', a.config])).stdout
      expect(table).to.match(/ (29|30) d .*agency\.crl.*CRL number 1 of CN=agency.*: 0 revoked/).and.match(/node0, agency agency \(this node\)/).and.match(/trusted CA/)

      // revoked: the file is all that the operator puts anywhere
      const revoked = await run(['cert', 'revoke', 'node2', '--chain', chain.dir])
      expect(revoked.code, revoked.stderr).to.equal(0)
      await put()
      const isCut = ({ event, nodeId, rule }: Record<string, unknown>): boolean => event === 'access:closed' && nodeId === c.nodeId && rule === 'revoked'
      await Promise.all([first.event(isCut), second.event(isCut)])
      expect(await first.event(({ event }) => event === 'reload')).to.deep.include({ changed: ['revocations'] })

      // a broken file changes nothing, and is told
      await writeFile(join(a.dir, 'conf', 'agency.crl'), 'nonsense')
      expect((await first.event(({ event }) => event === 'reload:failed')).message).to.match(/agency\.crl: crl-refused: .*it holds no CRL/)
      const refused = await run(['reload', '--config', a.config])
      expect(refused.code).to.equal(1)
      expect(refused.stdout).to.match(/what was in force stays: .*agency\.crl/)
      await put()

      // a list
      await setting(b, 'certificate_blacklist', `crl.0=${a.nodeId}`)
      second.child.kill('SIGHUP')
      await second.event(({ event, nodeId, rule }) => event === 'access:closed' && nodeId === a.nodeId && rule === 'denied')
      expect((await run(['reload', '--config', b.config])).stdout).to.equal('nothing is new\n')
      await first.event(({ event, reason }) => event === 'peer:down' && reason === 'denied')
    } finally {
      await Promise.all(nodes.map(async node => node.end()))
    }

    // what it has learnt it knows after a restart, whoever is there
    await rm(join(chain.dir, 'agency', 'agency.crl'))
    const again = [new Running(['start', '--config', b.config, '--json']), new Running(['start', '--config', c.config, '--json'])]

    try {
      const { message } = await again[0].event(({ event, rule, refusedBy }) => event === 'handshake:rejected' && rule === 'revoked' && refusedBy === 'us')
      expect(message).to.contain('has revoked it')
    } finally {
      await Promise.all(again.map(async node => node.end()))
    }
  }).timeout(120_000)
})
