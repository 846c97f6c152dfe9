import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chainFolder, freePorts, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'

/**
 * This Node, made to call itself an old one.
 */
const old = { execArgv: ['--import', `data:text/javascript,${encodeURIComponent("Object.defineProperty(process.versions, 'node', { value: '18.20.8' })")}`] }

describe('fisco-p2p', () => {
  for (const args of [[], ['chain'], ['chain', 'create'], ['start'], ['demo']]) {
    it(`${args.join(' ')} --help says what it does`, async () => {
      const { code, stdout } = await run([...args, '--help'])

      expect(code).to.equal(0)
      expect(stdout).to.include('--help').and.include('--json').and.include(`fisco-p2p ${args.join(' ')}`.trim())
    })
  }

  const wrong: Record<string, [args: string[], message: RegExp]> = {
    'no command': [[], /Say what to do/],
    'a command that it does not know': [['strat'], /Did you mean start/],
    'a command that is like none': [['ask', 'node1', '--config', 'x'], /there is no command "ask"/],
    'a command of a group that it does not know': [['peers', 'show', '--config', 'x'], /there is no command "peers show"/],
    'what is no number': [['chain', 'create', '--output', 'x', '--nodes', 'many'], /--nodes must be a number/],
    'an option that it does not know': [['start', '--config', 'x', '--colour'], /colour/],
    'a missing option': [['start'], /config/],
    'a missing file': [['start', '--config', 'none.ini'], /none\.ini: the file does not exist/],
    'a key type that it does not know': [['chain', 'create', '--output', 'x', '--key-type', 'dsa'], /secp256k1/],
    'a number of nodes out of range': [['chain', 'create', '--output', 'x', '--nodes', '0'], /nodes/]
  }

  for (const [title, [args, message]] of Object.entries(wrong)) {
    it(`answers ${title} with one clear line, and a code`, async () => {
      await using folder = await temporaryFolder()
      const { code, stdout, stderr } = await run(args, { cwd: folder.path })

      expect(code).to.equal(1)
      expect(stdout).to.equal('')
      expect(stderr).to.match(message)
      expect(stderr.trim().split('\n')).to.have.lengthOf(1)
      expect(await readdir(folder.path)).to.deep.equal([])
    })
  }

  it('gives errors as JSON, too', async () => {
    const { code, stdout } = await run(['start', '--config', 'none.ini', '--json'])

    expect(code).to.equal(1)
    expect(JSON.parse(stdout)).to.deep.equal({ error: { name: 'ConfigError', message: 'none.ini: the file does not exist' } })
  })

  it('creates a chain, and not twice', async () => {
    await using folder = await temporaryFolder()
    const create = ['chain', 'create', '--output', 'chain', '--nodes', '2', '--agency', 'agencyA', '--key-type', 'ed25519', '--port', '31000', '--json']
    const { code, stdout } = await run(create, { cwd: folder.path })
    const { nodes } = JSON.parse(stdout)

    expect(code).to.equal(0)
    expect(nodes.map(({ name }: { name: string }) => name)).to.deep.equal(['node0', 'node1'])
    expect(nodes[1].nodeId).to.match(/^[0-9a-f]{64}$/)
    expect(nodes[1].endpoint).to.deep.equal({ host: '127.0.0.1', port: 31001 })
    expect(await readdir(folder.join('chain', 'nodes', 'node0', 'conf'))).to.have.members(['node.key', 'node.crt', 'ca.crt', 'node.nodeid'])

    const again = await run(create, { cwd: folder.path })
    expect(again.code).to.equal(1)
    expect(again.stderr).to.include('holds a chain already')
  })

  it('starts a network: four processes find each other, and end when they are told', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'))
    const nodes = chain.nodes.map(({ config }) => new Running(['start', '--config', config, '--json']))

    try {
      const started = await Promise.all(nodes.map(async node => node.event(({ event }) => event === 'started')))
      expect(started.map(({ nodeId }) => nodeId)).to.deep.equal(chain.nodes.map(({ nodeId }) => nodeId))

      await Promise.all(nodes.map(async (node, i) => {
        for (const peer of chain.nodes.filter((_, other) => other !== i)) {
          expect(await node.event(({ event, nodeId }) => event === 'peer:up' && nodeId === peer.nodeId)).to.include({ name: peer.name, agency: 'agency' })
        }
      }))

      await nodes[3].end('SIGKILL')
      await Promise.all(nodes.slice(0, 3).map(async node => node.event(({ event, nodeId }) => event === 'peer:down' && nodeId === chain.nodes[3].nodeId)))
    } finally {
      const codes = await Promise.all([nodes[0].end('SIGINT'), nodes[1].end('SIGTERM'), nodes[2].end('SIGTERM')])
      expect(codes).to.deep.equal([0, 0, 0])
    }
  })

  it('says why a node does not start: it runs already, its port is taken, a wrong file', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [{ config, dir }, other] } = await chainFolder(folder.join('chain'), { nodes: 2 })
    const portOf = (text: string): string => /listen_port=(\d+)/.exec(text)?.[1] ?? ''
    const first = new Running(['start', '--config', config, '--json'])

    try {
      await first.event(({ event }) => event === 'started')
      const again = await run(['start', '--config', config])
      expect(again.code).to.equal(1)
      expect(again.stderr).to.match(/^error: another node listens on .*admin\.sock: is this node running already\?.*\n$/)

      const text = await readFile(other.config, 'utf8')
      await writeFile(other.config, text.replace(`listen_port=${portOf(text)}`, `listen_port=${portOf(await readFile(config, 'utf8'))}`))
      const second = await run(['start', '--config', other.config])
      expect(second.code).to.equal(1)
      expect(second.stderr).to.match(/^error: .*cannot listen on .*another process listens there already.*\n$/)
    } finally {
      await first.end()
    }

    await writeFile(join(dir, 'conf', 'node.key'), 'nonsense')
    const third = await run(['start', '--config', config])
    expect(third.code).to.equal(1)
    expect(third.stderr).to.include('node.key: not-pem: it holds no private key')
  })

  it('warns of settings without effect', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [{ config }] } = await chainFolder(folder.join('chain'), { nodes: 1 })
    const [port] = await freePorts(1)
    await writeFile(config, `[p2p]\nlisten_ip=127.0.0.1\nlisten_port=${port}\nlisten_prt=30300\n`)
    const node = new Running(['start', '--config', config, '--json'])

    expect(await node.event(({ event }) => event === 'warning')).to.have.property('warning').that.includes('listen_prt has no effect: it is unknown')
    expect(await node.end()).to.equal(0)
  })

  it('warns of a private key that others than its owner may read', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [{ config, dir }] } = await chainFolder(folder.join('chain'), { nodes: 1 })
    const key = join(dir, 'conf', 'node.key')
    const warnings = async (mode: number): Promise<unknown[]> => {
      await chmod(key, mode)
      const node = new Running(['start', '--config', config, '--json'])
      await node.event(({ event }) => event === 'started')
      expect(await node.end()).to.equal(0)

      return node.events.filter(({ event }) => event === 'warning').map(({ warning }) => warning)
    }

    expect(await warnings(0o640)).to.deep.equal([`${key}: others than its owner may open it (its mode is 640), and whoever has the key is this node: chmod 600 ${key}`])
    expect(await warnings(0o604)).to.have.lengthOf(1)
    expect(await warnings(0o400)).to.deep.equal([])
  })

  it('logs session keys only where it is told to, with a warning, in a file for its user alone', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [first, second] } = await chainFolder(folder.join('chain'), { nodes: 2 })
    const keys = folder.join('keys')
    const logging = new Running(['start', '--config', first.config, '--json'], { env: { FISCO_P2P_KEYLOG: keys } })
    const other = new Running(['start', '--config', second.config, '--json'])

    await Promise.all([logging, other].map(async node => node.event(({ event }) => event === 'peer:up')))
    expect(await readFile(keys, 'utf8')).to.match(/^CLIENT_RANDOM /)
    expect((await stat(keys)).mode & 0o777).to.equal(0o600)
    expect(logging.stderr).to.match(/WARNING.*whoever has that file reads all traffic/)
    expect(other.stderr).to.equal('')
    await Promise.all([logging.end(), other.end()])
  })

  describe('under a Node that is too old', () => {
    it('finds the one that is installed beside it', async () => {
      await using folder = await temporaryFolder()
      const { nodes: [{ config }] } = await chainFolder(folder.join('chain'), { nodes: 1 })
      const node = new Running(['start', '--config', config, '--json'], old)

      await node.event(({ event }) => event === 'started')
      expect(await node.end('SIGTERM')).to.equal(0)
      expect(await node.event(({ event }) => event === 'stopping')).to.include({ reason: 'SIGTERM' })
    })

    it('says so in one line when the one it is told of is not there', async () => {
      const { code, stderr } = await run(['--help'], { ...old, env: { FISCO_P2P_NODE: '/none' } })

      expect(code).to.equal(1)
      expect(stderr).to.match(/^fisco-p2p: \/none cannot be started: .*\n$/)
    })

    it('says so in one line when there is none that is newer', async () => {
      const { code, stderr } = await run(['--help'], { ...old, env: { FISCO_P2P_REEXECUTED: '1' } })

      expect(code).to.equal(1)
      expect(stderr).to.match(/^fisco-p2p: it needs Node 22\.22\.2 or newer, and this is 18\.20\.8: .*\n$/)
    })

    it('passes exit codes on', async () => {
      const { code, stderr } = await run(['start', '--config', 'none.ini'], old)

      expect(code).to.equal(1)
      expect(stderr).to.include('none.ini: the file does not exist')
    })

    it('takes its node with it when it is killed', async () => {
      await using folder = await temporaryFolder()
      const { nodes: [{ config }] } = await chainFolder(folder.join('chain'), { nodes: 1 })
      const node = new Running(['start', '--config', config, '--json'], old)

      await node.event(({ event }) => event === 'started')
      await node.end('SIGKILL')
      // the node's process holds the pipe open until it ends
      expect(await node.event(({ event }) => event === 'stopping')).to.include({ reason: 'parent gone' })
    })
  })

  it('runs protocols of a user\'s own in a node, and says what is wrong with a plugin', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 1 })
    const plugin = folder.join('plugin.mjs')
    await writeFile(plugin, `export default (node, { emit, signal }) => {
      emit('hello', { nodeId: node.identity.nodeId, running: node.status === 'started' })
      signal.addEventListener('abort', () => { emit('bye', {}) })
    }`)
    const [{ config, nodeId }] = chain.nodes
    const node = new Running(['start', '--config', config, '--plugin', plugin, '--json'])
    await node.event(({ event }) => event === 'started')
    await node.end()

    expect(node.events.map(({ event }) => event)).to.include.members(['hello', 'started', 'stopping', 'bye'])
    expect(node.events.find(({ event }) => event === 'hello')).to.include({ nodeId, running: false })

    const failure = async (text: string): Promise<string> => {
      await writeFile(plugin, text)

      return (await run(['start', '--config', config, '--plugin', plugin])).stderr
    }

    expect(await failure('export const no = 1')).to.match(/^error: the plugin .*plugin\.mjs has no function as its default export/)
    expect(await failure('export default () => { throw new Error("not today") }')).to.match(/^error: the plugin .*plugin\.mjs failed: not today/)
    expect((await run(['start', '--config', config, '--plugin', folder.join('none.mjs')])).stderr).to.match(/^error: the plugin .*none\.mjs cannot be loaded/)
  })
})
