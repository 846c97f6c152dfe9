import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'

describe('what commands say', () => {
  it('names the variable of the passphrase, hours where there are no days, and a node that has stopped', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 1 })
    const [{ config, dir, name }] = chain.nodes
    const key = join(dir, 'conf', 'node.key')
    const { code, stderr } = await run(['cert', 'renew', name, '--chain', chain.dir, '--days', '1'])
    expect(code, stderr).to.equal(0)
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', key, '-out', `${key}.new`, '-passout', 'pass:secret'])
    execFileSync('mv', [`${key}.new`, key])
    expect((await run(['start', '--config', config])).stderr).to.match(/^error: .*node\.key: passphrase: the key is encrypted, and the passphrase is missing; .*FISCO_P2P_PASSPHRASE\n$/)

    const node = new Running(['start', '--config', config, '--json'], { env: { FISCO_P2P_PASSPHRASE: 'secret' } })

    try {
      await node.event(({ event }) => event === 'started')
      expect((await run(['status', '--config', config])).stdout).to.contain('expires in 23 h')
      expect((await run(['cert', 'expiry', '--config', config])).stdout).to.contain(' 23 h ')
      const listener = new Running(['listen', 'news', '--config', config, '--json'])
      await listener.event(({ event }) => event === 'listening')
      await node.end()
      await listener.event(({ error }) => error != null)
      expect(listener.stderr).to.equal(`error: the node of ${config} has stopped\n`)
    } finally {
      await node.end()
    }
  }).timeout(120_000)
})
