import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { BIN, run, Running } from './support/run.ts'

describe('output that nobody reads', () => {
  it('does not take a node with it, and ends a listener', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [first, second] } = await chainFolder(folder.join('chain'), { nodes: 2 })
    const child = spawn(process.execPath, [BIN, 'start', '--config', first.config], { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'exit')
    const other = new Running(['start', '--config', second.config, '--json'])

    try {
      await once(child.stdout, 'data')
      child.stdout.destroy()
      child.stderr.destroy()
      await other.event(({ event }) => event === 'peer:up')
      // it writes that the link is lost, and that it dials again
      await other.end('SIGKILL')
      await delay(1_500)
      const { code, stdout } = await run(['info', '--config', first.config, '--json'])
      expect(code).to.equal(0)
      expect(JSON.parse(stdout)).to.include({ pid: child.pid })

      const listener = spawn(process.execPath, [BIN, 'listen', 'news', '--config', first.config], { stdio: ['ignore', 'pipe', 'pipe'] })
      const listenerEnded = once(listener, 'exit')
      let stderr = ''
      listener.stderr.on('data', chunk => { stderr += String(chunk) })
      await once(listener.stdout, 'data')
      listener.stdout.destroy()
      await run(['publish', 'news', 'hello', '--config', first.config])
      expect(await listenerEnded).to.deep.equal([0, null])
      expect(stderr).to.equal('')
    } finally {
      await other.end()
      child.kill('SIGTERM')
      expect(await ended).to.deep.equal([0, null])
    }

    expect(existsSync(join(dirname(first.config), 'conf', 'admin.sock'))).to.equal(false)
  }).timeout(120_000)

  for (const args of [['--help'], ['chain', 'create', '--output', 'chain', '--nodes', '1'], ['start', '--config', 'none.ini', '--json']]) {
    it(`ends ${args.slice(0, 2).join(' ')} quietly`, async () => {
      await using folder = await temporaryFolder()
      const child = spawn(process.execPath, [BIN, ...args], { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] })
      let stderr = ''
      child.stderr.on('data', chunk => { stderr += String(chunk) })
      child.stdout.destroy()
      const [code] = await once(child, 'close')

      expect(stderr).not.to.contain('EPIPE')
      expect(code).to.equal(args[0] === 'start' ? 1 : 0)
    })
  }
})
