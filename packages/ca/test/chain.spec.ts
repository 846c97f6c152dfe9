import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatConfig, formatEndpoint, writeChain } from '@fisco-libp2p/ca'
import { loadIdentity } from '@fisco-libp2p/identity'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { openssl, verifyByOpenssl } from './openssl.ts'
import type { WriteChainOptions } from '@fisco-libp2p/ca'

const NODE_FILES = ['conf/ca.crt', 'conf/node.crt', 'conf/node.key', 'conf/node.nodeid', 'config.ini']

async function filesOf (dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })

  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(dir.length + 1)).sort()
}

/**
 * The settings of a config.ini, as `section.key`.
 */
function settings (config: string): Record<string, string> {
  const found: Record<string, string> = {}
  let section = ''

  for (const line of config.split('\n').map(line => line.trim()).filter(line => line !== '' && !line.startsWith(';'))) {
    const [, name] = line.match(/^\[(.+)\]$/) ?? []
    const [key, ...value] = line.split('=')
    section = name ?? section

    if (name == null) {
      found[`${section}.${key}`] = value.join('=')
    }
  }

  return found
}

describe('writeChain', () => {
  it('writes FISCO BCOS\'s layout', async () => {
    await using folder = await temporaryFolder()
    const dir = folder.join('new', 'chain')
    const chain = await writeChain({ output: dir })
    const files = (await filesOf(dir)).map(file => file.replace(/newcerts\/[0-9A-F]{32}\.pem$/, 'newcerts/SERIAL.pem'))
    const nodes = ['node0', 'node1', 'node2', 'node3']

    expect(files).to.have.members([
      'ca.crt', 'ca.key', 'index.txt', 'index.txt.attr', 'newcerts/SERIAL.pem',
      'agency/agency.crt', 'agency/agency.key', 'agency/ca.crt', 'agency/index.txt', 'agency/index.txt.attr', ...nodes.map(() => 'agency/newcerts/SERIAL.pem'),
      ...nodes.flatMap(node => NODE_FILES.map(file => `nodes/${node}/${file}`))
    ])
    expect(chain).to.include({ dir, ca: join(dir, 'ca.crt') })
    expect(chain.nodes.map(({ name, dir }) => ({ name, dir }))).to.deep.equal(nodes.map(name => ({ name, dir: join(dir, 'nodes', name) })))
    expect(await readdir(folder.join('new')), 'nothing else is left').to.deep.equal(['chain'])
  })

  it('writes node IDs as FISCO BCOS\'s tools compute them', async () => {
    await using folder = await temporaryFolder()
    const { nodes } = await writeChain({ output: folder.join('chain'), nodes: 2 })

    for (const { dir, nodeId } of nodes) {
      const text = await openssl(dir, 'ec', '-text', '-noout', '-in', 'conf/node.key')
      const computed = text.split('\n').slice(6, 11).join('').replaceAll(/[: ]/g, '').slice(2)

      expect(computed).to.match(/^[0-9a-f]{128}$/)
      expect(await readFile(join(dir, 'conf/node.nodeid'), 'utf8')).to.equal(`${computed}\n`)
      expect(nodeId).to.equal(computed)
    }
  })

  for (const [keyType, digits] of [['secp256k1', 128], ['ed25519', 64], ['rsa', 512]] as const) {
    it(`writes ${keyType} nodes that load, and satisfy openssl`, async () => {
      await using folder = await temporaryFolder()
      const { dir, nodes: [node] } = await writeChain({ output: folder.join('chain'), nodes: 1, agency: 'agencyA', keyType })
      const conf = (name: string): string => join(node.dir, 'conf', name)
      const [cert, agency, root] = await Promise.all([conf('node.crt'), join(dir, 'agency/agency.crt'), join(dir, 'ca.crt')].map(async file => readFile(file, 'utf8')))
      const identity = await loadIdentity({ key: conf('node.key'), cert: conf('node.crt'), ca: conf('ca.crt') })

      expect(identity).to.include({ nodeId: node.nodeId, name: 'node0', agency: 'agencyA' })
      expect(identity.nodeId).to.have.length(digits)
      expect(cert.endsWith(agency + root), 'leaf, agency, root').to.equal(true)
      expect(cert.match(/BEGIN/g)).to.have.length(3)
      expect(await readFile(conf('ca.crt'), 'utf8')).to.equal(root)
      expect(await verifyByOpenssl({ root, above: agency, leaf: cert })).to.equal('OK')
    })
  }

  it('lets nobody else read a private key', async () => {
    await using folder = await temporaryFolder()
    const { dir } = await writeChain({ output: folder.join('chain'), nodes: 2 })
    const secret: string[] = []

    for (const file of await filesOf(dir)) {
      const isKey = (await readFile(join(dir, file), 'utf8')).includes('PRIVATE KEY')
      const { mode } = await stat(join(dir, file))

      if (isKey) {
        secret.push(file)
        expect(mode & 0o777, file).to.equal(0o600)
      } else {
        expect(mode & 0o600, file).to.equal(0o600)
        expect(mode & 0o111, file).to.equal(0)
      }
    }

    expect(secret).to.have.members(['ca.key', 'agency/agency.key', 'nodes/node0/conf/node.key', 'nodes/node1/conf/node.key'])
  })

  describe('config.ini', () => {
    const configs = async (options: Omit<WriteChainOptions, 'output'>): Promise<Array<Record<string, string>>> => {
      await using folder = await temporaryFolder()
      const { nodes } = await writeChain({ ...options, output: folder.join('chain') })

      return await Promise.all(nodes.map(async ({ config }) => settings(await readFile(config, 'utf8'))))
    }

    it('has FISCO BCOS\'s sections and keys', async () => {
      expect(await configs({ nodes: 2 })).to.deep.equal([30300, 30301].map(port => ({
        'p2p.listen_ip': '127.0.0.1',
        'p2p.listen_port': `${port}`,
        'p2p.node.0': '127.0.0.1:30300',
        'p2p.node.1': '127.0.0.1:30301',
        'network_security.data_path': './conf',
        'network_security.key': 'node.key',
        'network_security.cert': 'node.crt',
        'network_security.ca_cert': 'ca.crt',
        'chain.id': '1'
      })))
    })

    it('shows how lists are written, without an entry', () => {
      const text = formatConfig({ name: 'node0', listenIp: '::', listenPort: 1, nodes: [{ host: '::1', port: 2 }], chainId: 3 })

      expect(text).to.contain('[certificate_blacklist]').and.contain(';crl.0=')
      expect(text).to.contain('[certificate_whitelist]').and.contain(';cal.0=')
      expect(settings(text)).to.not.have.any.keys('certificate_blacklist.crl.0', 'certificate_whitelist.cal.0')
      expect(text.endsWith('\n')).to.equal(true)
    })

    it('counts ports on each host from the same one', async () => {
      const [first, second, third] = await configs({ nodes: 3, hosts: ['a.example', 'B.example', 'A.example'], port: 40_000, chainId: 7 })

      expect([first, second, third].map(config => config['p2p.listen_port'])).to.deep.equal(['40000', '40000', '40001'])
      expect([0, 1, 2].map(i => first[`p2p.node.${i}`])).to.deep.equal(['a.example:40000', 'B.example:40000', 'A.example:40001'])
      expect(first['p2p.listen_ip'], 'other machines dial in').to.equal('0.0.0.0')
      expect(first['chain.id']).to.equal('7')
    })

    it('writes IPv6', async () => {
      const [all] = await configs({ nodes: 1, listenIp: '::' })
      const [one] = await configs({ nodes: 1, hosts: ['2001:db8::1'] })
      const [four] = await configs({ nodes: 1, listenIp: '0.0.0.0' })

      expect(all).to.include({ 'p2p.listen_ip': '::', 'p2p.node.0': '[::1]:30300' })
      expect(one).to.include({ 'p2p.listen_ip': '::', 'p2p.node.0': '[2001:db8::1]:30300' })
      expect(four).to.include({ 'p2p.listen_ip': '0.0.0.0', 'p2p.node.0': '127.0.0.1:30300' })
      expect(formatEndpoint({ host: '10.0.0.1', port: 30300 })).to.equal('10.0.0.1:30300')
    })
  })

  it('keeps what is there', async () => {
    await using folder = await temporaryFolder()
    const dir = folder.join('chain')
    await writeChain({ output: dir, nodes: 1 })
    const key = await readFile(join(dir, 'ca.key'), 'utf8')
    await mkdir(folder.join('other'))
    await writeFile(folder.join('other', 'file'), 'x')

    for (const [path, reason] of [['chain', 'it holds a chain already'], ['other', 'the folder is not empty'], ['other/file', 'it is a file'], ['other/file/below', 'lies below one']]) {
      const error = await writeChain({ output: folder.join(path), nodes: 1 }).catch(err => err)

      expect(error).to.have.property('name', 'ChainExistsError')
      expect(error.path).to.equal(folder.join(path))
      expect(error.message).to.contain(folder.join(path)).and.contain(reason).and.contain('choose another output folder')
    }

    expect(await readFile(join(dir, 'ca.key'), 'utf8')).to.equal(key)
    expect(await readdir(folder.path)).to.have.members(['chain', 'other'])
  })

  it('takes an empty folder, also behind a link', async () => {
    await using folder = await temporaryFolder()
    await mkdir(folder.join('empty'))
    await mkdir(folder.join('target'))
    await symlink(folder.join('target'), folder.join('link'))

    await writeChain({ output: folder.join('empty'), nodes: 1 })
    await writeChain({ output: folder.join('link'), nodes: 1 })

    expect(await readdir(folder.join('empty'))).to.include('ca.key')
    expect(await readdir(folder.join('target'))).to.include('ca.key')
  })

  it('gives one of two writers the folder, and leaves a whole chain', async () => {
    await using folder = await temporaryFolder()
    const results = await Promise.allSettled([0, 1].map(async () => writeChain({ output: folder.join('chain'), nodes: 1 })))
    const refused = results.flatMap(result => result.status === 'rejected' ? [result.reason.name] : [])

    expect(refused).to.deep.equal(['ChainExistsError'])
    expect(await readdir(folder.path)).to.deep.equal(['chain'])
    expect(await filesOf(folder.join('chain'))).to.have.length(16)
  })

  it('leaves nothing behind when it is stopped or fails', async () => {
    await using folder = await temporaryFolder()
    const controller = new AbortController()
    let calls = 0

    const stopped = await writeChain({
      output: folder.join('chain'),
      signal: controller.signal,
      now: () => {
        if (++calls === 3) {
          controller.abort(new Error('enough'))
        }

        return Date.now()
      }
    }).catch(err => err)

    expect(stopped).to.have.property('message', 'enough')
    expect(await writeChain({ output: folder.join('chain'), signal: controller.signal }).catch(err => err.message)).to.equal('enough')
    expect(await readdir(folder.path)).to.deep.equal([])
  })

  it('refuses settings that cannot be used, and writes nothing', async () => {
    await using folder = await temporaryFolder()
    const bad: Array<Omit<WriteChainOptions, 'output'>> = [
      { nodes: 0 }, { nodes: 1001 }, { nodes: 1.5 }, { nodes: NaN }, { nodes: '4' as unknown as number },
      { port: 1024 }, { port: 65_536 }, { port: 65_533 }, { port: 1 / 3 }, { port: -1 },
      { listenIp: 'localhost' }, { listenIp: '[::1]' }, { listenIp: '1.2.3' }, { listenIp: '' },
      { nodes: 1, hosts: [] }, { nodes: 2, hosts: ['a'] },
      ...['', 'a b', '-a', 'a-', 'a..b', '1.2.3', '10.0.0.256', 'a:1', '[::1]', 'a/b', 'a\nb', `${'a'.repeat(64)}.b`, 'a.'.repeat(127) + 'a'].map(host => ({ nodes: 1, hosts: [host] })),
      { chainId: 0 }, { chainId: 2 ** 53 }, { chainId: NaN },
      { keyType: 'p256' }, { keyType: 'x' as 'p256' }, { days: 0 }, { agency: 'a/b' }, { agency: '' }, { name: 'a#b' }
    ]

    for (const options of bad) {
      const error = await writeChain({ ...options, output: folder.join('chain') }).catch(err => err)
      expect(error, JSON.stringify(options)).to.have.property('name', 'InvalidParametersError')
    }

    expect(await writeChain({ output: '' }).catch(err => err.name)).to.equal('InvalidParametersError')
    expect(await readdir(folder.path)).to.deep.equal([])
  })

  it('uses ports up to the last', async () => {
    await using folder = await temporaryFolder()
    const { nodes } = await writeChain({ output: folder.join('chain'), nodes: 2, port: 65_534 })

    expect(nodes.map(({ endpoint }) => endpoint.port)).to.deep.equal([65_534, 65_535])
  })

  it('writes nodes that can be carried elsewhere', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [node] } = await writeChain({ output: folder.join('chain'), nodes: 1 })
    const moved = folder.join('moved')
    await cp(node.dir, moved, { recursive: true })
    const config = settings(await readFile(join(moved, 'config.ini'), 'utf8'))
    const conf = join(moved, config['network_security.data_path'])

    expect((await loadIdentity({
      key: join(conf, config['network_security.key']),
      cert: join(conf, config['network_security.cert']),
      ca: join(conf, config['network_security.ca_cert'])
    })).nodeId).to.equal(node.nodeId)
  })
})
