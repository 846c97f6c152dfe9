import { resolve } from 'node:path'
import { ConfigError, parseConfig, parseEndpoint, readConfig } from '@fisco-libp2p/node'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import fc from 'fast-check'

const ID = 'ab'.repeat(64)
const OTHER_ID = 'cd'.repeat(32)
const parse = (text: string): ReturnType<typeof parseConfig> => parseConfig(text, '/etc/fisco/config.ini')

describe('config.ini', () => {
  it('has FISCO BCOS\'s defaults', () => {
    const config = parse('[p2p]')

    expect(config.listen.toString()).to.equal('/ip4/0.0.0.0/tcp/30300/tls')
    expect(config).to.deep.include({
      peers: [],
      key: resolve('/etc/fisco/conf/node.key'),
      cert: resolve('/etc/fisco/conf/node.crt'),
      caCert: resolve('/etc/fisco/conf/ca.crt'),
      deny: [],
      restrictedTopics: {},
      allow: [],
      chainId: '1',
      policy: 'auto',
      stateFolder: resolve('/etc/fisco/state'),
      adminSocket: resolve('/etc/fisco/admin.sock'),
      maxNodes: undefined,
      linkTimeout: undefined,
      warnings: []
    })
  })

  it('limits links, and says where the admin socket is', () => {
    expect(parse('[p2p]\nmax_nodes=7\nmax_unconfigured_nodes=0\nlink_timeout_ms=1000\nmax_retry_delay_ms=5000\n[admin]\nsocket=/run/node.sock')).to.include({
      maxNodes: 7, maxUnconfiguredNodes: 0, linkTimeout: 1_000, maxRetryDelay: 5_000, adminSocket: '/run/node.sock'
    })
    expect(parse('[admin]\nsocket=none').adminSocket).to.equal(undefined)
    const long = parse(`[admin]\nsocket=${'x'.repeat(120)}`)
    expect(long.adminSocket).to.equal(undefined)
    expect(long.warnings.join()).to.contain('[admin] socket is off').and.contain('set it to a shorter path')

    for (const [key, value] of [['max_nodes', '0'], ['max_nodes', 'many'], ['max_unconfigured_nodes', '201'], ['link_timeout_ms', '999'], ['max_retry_delay_ms', '3600001']]) {
      expect(() => parse(`[p2p]\n${key}=${value}`)).to.throw(ConfigError, `[p2p] ${key}: "${value}" is no number from`)
    }
  })

  it('names CRLs, certificates that are refused, and the network', () => {
    const [hash, network] = ['ab'.repeat(32), '0F'.repeat(32)]
    const text = `[network_security]\ncrl.0=agency.crl\ncrl.3=/crls/root.pem\ncrl_soft_fail.3=true\n[certificate_blacklist]\nserial.0=${hash.toUpperCase()}:0A1b\n[chain]\nnetwork_id=${network}`

    expect(parse(text)).to.deep.include({
      crls: [{ file: resolve('/etc/fisco/conf/agency.crl'), softFail: false }, { file: '/crls/root.pem', softFail: true }],
      deniedSerials: [{ issuerKeyHash: hash, serial: '0a1b' }],
      networkId: new Uint8Array(32).fill(15),
      warnings: []
    })
    expect(parse('[p2p]')).to.deep.include({ crls: [], deniedSerials: [], networkId: undefined })

    for (const [section, line, message] of [
      ['network_security', 'crl_soft_fail.1=true', '[network_security] crl_soft_fail.1: there is no crl.1'],
      ['network_security', 'crl.1=a.crl\ncrl_soft_fail.1=yes', '[network_security] crl_soft_fail.1: "yes" is neither true nor false'],
      ['certificate_blacklist', 'serial.0=0a1b', '[certificate_blacklist] serial.0: "0a1b" must be'],
      ['certificate_blacklist', `serial.0=${hash}:${'0a'.repeat(21)}`, '[certificate_blacklist] serial.0'],
      ['chain', 'network_id=abc', '[chain] network_id: "abc" is no network ID']
    ]) {
      expect(() => parse(`[${section}]\n${line}`), line).to.throw(ConfigError, message)
    }
  })

  it('limits what unicast sends, in the units of FISCO BCOS', () => {
    expect(parse('[flow_control]\nlimit_req=10\noutgoing_bandwidth_limit=2\noutgoing_bandwidth_limit_per_peer=0.5')).to.deep.include({
      bytesPerSecond: 262_144, bytesPerSecondPerPeer: 65_536, warnings: []
    })
    expect(parse('[p2p]').bytesPerSecond).to.equal(undefined)

    for (const value of ['0', '-1', '1e3', 'fast', '0.000001', '999999']) {
      expect(() => parse(`[flow_control]\noutgoing_bandwidth_limit=${value}`)).to.throw(ConfigError, `[flow_control] outgoing_bandwidth_limit: "${value}" is no number of Mbit/s from`)
    }
  })

  it('is read as FISCO BCOS\'s tools write it', () => {
    const config = parse(`
[rpc]
    channel_listen_ip=0.0.0.0
    jsonrpc_listen_port=8545
[p2p]
    listen_ip=127.0.0.1
    listen_port=30301
    ; nodes to connect
    node.0=127.0.0.1:30300
    node.1=[::1]:30301
    node.7=node.example.org:30302 ; in the cloud
[certificate_blacklist]
    crl.0=0x${ID.toUpperCase()}
[certificate_whitelist]
    cal.0=${ID}
    cal.1=${OTHER_ID}
[network_security]
    data_path=../keys
    key=my.key
    cert=my.crt
    ca_cert=/ca/ca.crt
[chain]
    id=7
    sm_crypto=false
[log]
    enable=true
`)

    expect(config.listen.toString()).to.equal('/ip4/127.0.0.1/tcp/30301/tls')
    expect(config.peers.map(String)).to.deep.equal(['/ip4/127.0.0.1/tcp/30300/tls', '/ip6/::1/tcp/30301/tls', '/dns/node.example.org/tcp/30302/tls'])
    expect(config).to.deep.include({ deny: [ID], allow: [ID, OTHER_ID], key: resolve('/etc/keys/my.key'), cert: resolve('/etc/keys/my.crt'), caCert: resolve('/ca/ca.crt'), chainId: '7', warnings: [] })
  })

  it('takes the older names of its sections', () => {
    expect(parse(`[crl]\ncrl.0=${ID}\n[cal]\ncal.0=${OTHER_ID}\n[secure]\nkey=old.key`)).to.deep.include({ deny: [ID], allow: [OTHER_ID], key: resolve('/etc/fisco/conf/old.key') })
  })

  it('warns of keys that have no effect, and of those alone', () => {
    const { warnings } = parse('[p2p]\nlistn_port=1\nmax_nodes_limit=100\nnode.x=1.2.3.4:5\n[network_security]\nca_path=x\n[rpc]\nanything=1')

    expect(warnings).to.have.lengthOf(2)
    expect(warnings[0]).to.include('[p2p] listn_port has no effect: it is unknown').and.include('listen_port')
    expect(warnings[1]).to.include('[p2p] node.x has no effect: the part behind the dot must be a number, as in node.0=')
  })

  const wrong: Record<string, [text: string, where: string, what: RegExp]> = {
    'a port out of range': ['[p2p]\nlisten_port=80', '[p2p] listen_port', /"80" is no port: it must be a number from 1025 to 65535/],
    'a port that is no number': ['[p2p]\nlisten_port=http', '[p2p] listen_port', /"http" is no port/],
    'a listen address that is none': ['[p2p]\nlisten_ip=300.1.1.1', '[p2p] listen_ip', /neither an IP address nor a host name/],
    'a peer without a port': ['[p2p]\nnode.0=10.0.0.1', '[p2p] node.0', /IP:port, \[IPv6\]:port or name:port/],
    'a peer with port 0': ['[p2p]\nnode.3=10.0.0.1:0', '[p2p] node.3', /"0" is no port/],
    'an IPv6 peer without brackets': ['[p2p]\nnode.0=fe80::1:30300', '[p2p] node.0', /is no endpoint/],
    'a name in brackets': ['[p2p]\nnode.0=[localhost]:30300', '[p2p] node.0', /only those stand in brackets/],
    'a policy that it does not know': ['[network_security]\npolicy=strict', '[network_security] policy', /"strict" is no policy: it must be auto, rfc5280 or fisco/],
    'a blacklist entry that is no node ID': ['[certificate_blacklist]\ncrl.0=xyz', '[certificate_blacklist] crl.0', /no node ID/],
    'a whitelist all of whose entries are invalid': ['[certificate_whitelist]\ncal.0=1234', '[certificate_whitelist] cal.0', /has 4 hex digits/],
    'a whitelist with an empty entry': ['[certificate_whitelist]\ncal.0=', '[certificate_whitelist] cal.0', /no node ID/]
  }

  for (const [title, [text, where, what]] of Object.entries(wrong)) {
    it(`refuses ${title}, and says where`, () => {
      expect(() => parse(text)).to.throw(ConfigError, what).with.property('where', where)
      expect(() => parse(text)).to.throw(`/etc/fisco/config.ini: ${where}: `)
    })
  }

  it('refuses more peers than can be kept', () => {
    const nodes = Array.from({ length: 101 }, (_, i) => `node.${i}=10.0.0.1:${2000 + i}`).join('\n')

    expect(() => parse(`[p2p]\n${nodes}`)).to.throw(ConfigError, /it names 101 nodes; at most 100/)
  })

  it('says that a file is missing', async () => {
    await using folder = await temporaryFolder()
    const failure = await readConfig(folder.join('config.ini')).catch(err => err)

    expect(failure).to.be.an.instanceOf(ConfigError).with.property('message').that.includes('config.ini: the file does not exist')
  })

  it('takes any text: it gives a config or says what is wrong', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom('[p2p]', '[certificate_whitelist]', '[network_security]', '[__proto__]', 'node.0', 'node.0=[', 'cal.0=0', 'data_path[]=x', 'listen_port[a]=1', '[p2p.x]'))

    fc.assert(fc.property(fc.array(line, { maxLength: 12 }), lines => {
      try {
        expect(parse(lines.join('\n')).listen.toString()).to.match(/^\//)
      } catch (err) {
        expect(err).to.have.property('name', 'ConfigError')
      }
    }), { numRuns: 500 })
  })

  it('endpoints are parsed or refused, whatever they are', () => {
    fc.assert(fc.property(fc.string({ maxLength: 40 }), text => {
      try {
        expect(parseEndpoint(text).toString()).to.match(/^\/(ip4|ip6|dns)\//)
      } catch (err) {
        expect(err).to.be.an('error')
      }
    }))
  })

  it('reads restricted topics, and takes no list that it does not understand', () => {
    const agency = `agency:${'0a'.repeat(32)}`

    expect(parse(`[restricted_topic.0]\nname=board\nfollower.0=${ID}\nfollower.1=${agency}\n[restricted_topic.7]\nname=a.b\nfollower.0=${ID}\npublisher.3=0x${OTHER_ID.toUpperCase()}`).restrictedTopics)
      .to.deep.equal({ board: { followers: [ID, agency] }, 'a.b': { followers: [ID], publishers: [OTHER_ID] } })

    for (const [text, message] of [
      ['follower.0=x', '[restricted_topic.0] lacks the name of the topic'],
      [`name=board\nfolower.0=${ID}`, '[restricted_topic.0] has folower.0: known are name, follower.*, publisher.*'],
      ['name=board\nfollower.0=me', 'the list of "board" names "me"'],
      [`name=board\n[restricted_topic.1]\nname=board\nfollower.0=${ID}`, '[restricted_topic.1] is about "board", as one before it']
    ]) {
      expect(() => parse(`[restricted_topic.0]\n${text}`)).to.throw(message).with.property('name', 'ConfigError')
    }
  })
})
