import { chmod, lstat, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { editPeers, parseConfig, savePeers } from '@fisco-libp2p/node'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'

const TEXT = `; my node
[p2p]
    listen_port=30300
    ; the others
    node.0=127.0.0.1:30300
    node.5=[::1]:30301 ; at home

[chain]
    id=1 # one
`
const peersOf = (text: string): string[] => parseConfig(text, 'config.ini').peers.map(String)

describe('writing peers into config.ini', () => {
  it('changes the lines of nodes alone', () => {
    expect(editPeers(TEXT, { add: ['node.example.org:1'], remove: ['/ip4/127.0.0.1/tcp/30300/tls'] })).to.equal(TEXT
      .replace('    node.0=127.0.0.1:30300\n', '')
      .replace('; at home\n', '; at home\n    node.6=node.example.org:1\n'))
    expect(editPeers(TEXT, { remove: ['[::1]:30301', '10.0.0.1:1'] })).to.equal(TEXT.replace('    node.5=[::1]:30301 ; at home\n', ''))
  })

  it('does not add what is there, nor remove what is not', () => {
    expect(editPeers(TEXT, { add: ['127.0.0.1:30300', '/ip6/::1/tcp/30301/tls'], remove: ['127.0.0.1:1'] })).to.equal(TEXT)
  })

  it('finds a place in any file', () => {
    const add = ['10.0.0.1:1', '10.0.0.2:2']
    const wanted = ['/ip4/10.0.0.1/tcp/1/tls', '/ip4/10.0.0.2/tcp/2/tls']

    for (const text of ['', '[p2p]', '[chain]\nid=1', '\uFEFF[p2p]\r\nlisten_port=30301\r\n\r\n[chain]\r\nid=2\r\n', '; nothing', '[secure]\n[p2p]\n\n\n[rpc]\nnode.0=no\n']) {
      const edited = editPeers(text, { add })
      expect(peersOf(edited), JSON.stringify(text)).to.deep.equal(wanted)
      expect(edited.includes('\r\n')).to.equal(text.includes('\r\n'))
      expect(editPeers(edited, { add })).to.equal(edited)
    }
  })

  it('writes an address with a peer ID as multiaddr', () => {
    const address = '/dns4/a.example/tcp/1/tls/p2p/16Uiu2HAmTD9oS6mqr15aYzUuBJ5SnL5L1MoHqMWr1fHYV5HJQCe7'

    expect(editPeers('[p2p]\n', { add: [address] })).to.equal(`[p2p]\nnode.0=${address}\n`)
    expect(peersOf(editPeers('[p2p]\n', { add: [address] }))).to.deep.equal([address])
    expect(() => editPeers('', { add: ['/ip4/10.0.0.1/udp/1'] })).to.throw('is no address of a node')
  })

  it('keeps every other line, whatever it is, and gives back what was added', () => {
    const line = fc.oneof(fc.constantFrom('', '[p2p]', '[chain]', '; node.1=1.2.3.4:5', '  # comment', 'listen_port=30300', 'node.3=10.9.9.9:9', 'node.4=not an address'), fc.string().map(text => text.replace(/[\r\n]/g, '')))
    const port = fc.integer({ min: 1, max: 65_535 })

    fc.assert(fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.uniqueArray(port, { maxLength: 5 }), (lines, eol, ports) => {
      const text = lines.join(eol)
      const addresses = ports.map(port => `10.0.0.1:${port}`)
      const added = editPeers(text, { add: addresses })
      const rest = added.split('\n').filter(line => !/10\.0\.0\.1:/.test(line))

      expect(editPeers(added, { add: addresses })).to.equal(added)
      text.split('\n').filter(line => !/10\.0\.0\.1:/.test(line)).forEach(line => { expect(rest.map(line => line.trimEnd())).to.include(line.trimEnd()) })
      const removed = editPeers(added, { remove: addresses })
      expect(removed.startsWith(text)).to.equal(added === text || removed.startsWith(text))
      expect(removed.split('\n').filter(line => /10\.0\.0\.1:/.test(line))).to.deep.equal([])
    }))
  })

  it('replaces the file as a whole, with its mode, behind a link, one change after the other', async () => {
    await using folder = await temporaryFolder()
    const [file, link] = [folder.join('config.ini'), folder.join('link.ini')]
    await writeFile(file, TEXT)
    await chmod(file, 0o640)
    await symlink(file, link)
    await Promise.all(Array.from({ length: 10 }, async (_, i) => savePeers(link, { add: [`10.0.0.1:${i + 1}`] })))

    expect((await lstat(link)).isSymbolicLink()).to.be.true
    expect((await stat(file)).mode & 0o777).to.equal(0o640)
    expect(peersOf(await readFile(file, 'utf8'))).to.have.lengthOf(12)
    expect(await readdir(folder.path)).to.have.members(['config.ini', 'link.ini'])
  })

  it('leaves the file as it was when the result would not be good, and says what is wrong', async () => {
    await using folder = await temporaryFolder()
    const file = folder.join('config.ini')
    const bad = '[p2p]\nlisten_port=1\n'
    await writeFile(file, bad)
    const failure = async (): Promise<Error> => savePeers(file, { add: ['10.0.0.1:1'] }).then(() => new Error('it went well'), err => err)

    expect(await failure()).to.include({ name: 'ConfigError' }).with.property('message').that.contains('[p2p] listen_port')
    expect(await readFile(file, 'utf8')).to.equal(bad)
    await writeFile(file, `[p2p]\n${Array.from({ length: 100 }, (_, i) => `node.${i}=10.0.0.2:${i + 1}\n`).join('')}`)
    expect((await failure()).message).to.contain('at most 100')
    expect((await savePeers(folder.join('none.ini'), { add: ['10.0.0.1:1'] }).then(() => undefined, err => err)).message).to.contain('its nodes could not be changed: ENOENT')
  })
})
