import { formatConfig } from '@fisco-libp2p/ca'
import { ConfigError, likeConfig, parseConfig } from '@fisco-libp2p/node'
import { expect } from 'chai'

const PLACE = { name: 'node4', listenIp: '10.0.0.5', listenPort: 30304, peers: ['10.0.0.1:30300', '[fd00::1]:30300', '10.0.0.5:30304'] }
const FORMATTED = formatConfig({ name: 'node0', listenIp: '127.0.0.1', listenPort: 30300, nodes: [{ host: '127.0.0.1', port: 30300 }, { host: '127.0.0.1', port: 30301 }], chainId: 7 })
const ID = 'ab'.repeat(64)

/**
 * The lines of a text that another one has not.
 */
function newLines (text: string, other: string): string[] {
  const known = new Set(other.split('\n'))

  return text.split('\n').filter(line => !known.has(line)).map(line => line.trim())
}

describe('config.ini like that of another node', () => {
  it('has another address and other peers, and all else as it was', () => {
    const text = likeConfig(FORMATTED, 'config.ini', PLACE)
    const config = parseConfig(text, 'config.ini')

    expect(config.listen.toString()).to.equal('/ip4/10.0.0.5/tcp/30304/tls')
    expect(config.peers.map(String)).to.deep.equal(['/ip4/10.0.0.1/tcp/30300/tls', '/ip6/fd00::1/tcp/30300/tls', '/ip4/10.0.0.5/tcp/30304/tls'])
    expect(config.chainId).to.equal('7')
    expect(newLines(text, FORMATTED)).to.deep.equal([
      '; Settings of node4. Lines that begin with a semicolon are comments.', 'listen_ip=10.0.0.5', 'listen_port=30304', 'node.0=10.0.0.1:30300', 'node.1=[fd00::1]:30300', 'node.2=10.0.0.5:30304'
    ])
    expect(newLines(FORMATTED, text)).to.have.lengthOf(5)
  })

  it('keeps the lines of peers that it has as well', () => {
    const text = likeConfig(FORMATTED, 'config.ini', { ...PLACE, peers: ['127.0.0.1:30304', '127.0.0.1:30300', '127.0.0.1:30301'] })

    expect(text.match(/^ *node\..*/gm)).to.deep.equal(['    node.0=127.0.0.1:30300', '    node.1=127.0.0.1:30301', '    node.2=127.0.0.1:30304'])
  })

  it('keeps what the network has to agree on, and takes no file of the other node', () => {
    const text = `[p2p]\nmax_nodes=50\nnode.3=127.0.0.1:1 ; gone\n[secure]\ndata_path=/etc/node0\nkey=a.key\ncert=a.crt\nca_cert=a-ca.crt\npolicy=fisco\ncrl.0=agency.crl\ncrl_soft_fail.0=true\n[crl]\ncrl.0=${ID}\n[cal]\ncal.0=${ID}\n[restricted_topic.0]\nname=board\nfollower.0=${ID}\n[chain]\nid=5\n[admin]\nsocket=/run/node0.sock\n`
    const config = parseConfig(likeConfig(text, 'config.ini', PLACE), '/node4/config.ini')

    expect(config).to.deep.include({
      key: '/node4/conf/node.key', cert: '/node4/conf/node.crt', caCert: '/node4/conf/ca.crt', adminSocket: '/node4/admin.sock', policy: 'fisco', deny: [ID], allow: [ID], chainId: '5', maxNodes: 50, warnings: []
    })
    expect(config.crls).to.deep.equal([])
    expect(config.restrictedTopics).to.have.property('board')
    expect(config.listen.toString()).to.equal('/ip4/10.0.0.5/tcp/30304/tls')
    expect(config.peers).to.have.lengthOf(3)
  })

  it('leaves a node without an admin socket without one', () => {
    expect(parseConfig(likeConfig('[p2p]\n[admin]\nsocket=none ; no\n', 'config.ini', PLACE), 'config.ini').adminSocket).to.equal(undefined)
  })

  it('needs no section [p2p], no line end, and keeps those of Windows', () => {
    for (const text of ['[chain]\nid=2', '[chain]\r\nid=2\r\n', '[p2p]', '\uFEFF[p2p]\r\nlisten_port=30300\r\n']) {
      const changed = likeConfig(text, 'config.ini', PLACE)

      expect(parseConfig(changed, 'config.ini').listen.toString(), JSON.stringify(text)).to.equal('/ip4/10.0.0.5/tcp/30304/tls')
      expect(changed.replaceAll('\r\n', '').includes('\r')).to.equal(false)
      expect(changed.includes('\r\n')).to.equal(text.includes('\r\n'))
    }
  })

  it('names no more peers than a node may have', () => {
    const peers = Array.from({ length: 120 }, (_, i) => `10.0.0.1:${30300 + i}`)

    expect(parseConfig(likeConfig(FORMATTED, 'config.ini', { ...PLACE, peers }), 'config.ini').peers).to.have.lengthOf(100)
  })

  it('is refused where the other one is not good, or hides its keys', () => {
    expect(() => likeConfig('[p2p]\nlisten_port=x\n', 'a.ini', PLACE)).to.throw(ConfigError, /^a\.ini: \[p2p\] listen_port/)
    expect(() => likeConfig('[p2p]\nlisten_port=30300\n"listen_port"=30301\n', 'a.ini', PLACE)).to.throw(ConfigError, /cannot be changed/)
    expect(() => likeConfig('[p2p]\n[network_security]\n"data_path"=/etc/node0\n', 'a.ini', PLACE)).to.throw(ConfigError, /names of files/)
    expect(() => likeConfig('[p2p]\n[network_security]\n"crl.0"=a.crl\n', 'a.ini', PLACE)).to.throw(ConfigError, /names of files/)
  })
})
