import { ConfigError, parseConfig } from '@fisco-libp2p/node'
import { expect } from 'chai'

const ID = 'ab'.repeat(64)
const OTHER_ID = 'cd'.repeat(64)
const parse = (text: string): ReturnType<typeof parseConfig> => parseConfig(text, '/etc/fisco/config.ini')

describe('sections of config.ini', () => {
  const doors: Record<string, [text: string, where: string, what: RegExp]> = {
    'a number without a dot': [`[certificate_blacklist]\ncrl1=${ID}`, '[certificate_blacklist] crl1', /it is unknown; known are crl\.N, serial\.N, where N is a number/],
    'a letter behind the dot': [`[certificate_whitelist]\ncal.x=${ID}`, '[certificate_whitelist] cal.x', /: the part behind the dot must be a number, as in cal\.0=/],
    'nothing behind the dot': [`[certificate_blacklist]\nserial.=${ID}`, '[certificate_blacklist] serial.', /must be a number, as in serial\.0=/],
    'the key of another section': [`[certificate_whitelist]\nnode.0=${ID}`, '[certificate_whitelist] node.0', /known are cal\.N, where N is a number/],
    'the key of the other list': [`[certificate_whitelist]\ncrl.0=${ID}`, '[certificate_whitelist] crl.0', /known are cal\.N/],
    'capital letters': [`[certificate_whitelist]\nCAL.0=${ID}`, '[certificate_whitelist] CAL.0', /known are cal\.N/],
    'brackets behind the key': [`[certificate_whitelist]\ncal.0[]=${ID}`, '[certificate_whitelist] cal.0[]', /must be a number/],
    'no "="': ['[certificate_blacklist]\ncrl.0', '[certificate_blacklist] crl.0', /it lacks the "="/],
    'a colon for the "="': [`[certificate_blacklist]\ncrl.0:${ID}`, `[certificate_blacklist] crl.0:${ID}`, /must be a number/],
    'the older name of the blacklist': [`[crl]\ncrl1=${ID}`, '[crl] crl1', /known are crl\.N, serial\.N/],
    'the older name of the whitelist': [`[cal]\ncal.x=${ID}`, '[cal] cal.x', /must be a number, as in cal\.0=/]
  }

  for (const [title, [text, where, what]] of Object.entries(doors)) {
    it(`refuses an entry of a list with ${title}`, () => {
      expect(() => parse(`[p2p]\n${text}`)).to.throw(ConfigError, what).with.property('where', where)
      expect(() => parse(`[p2p]\n${text}`)).to.throw(`/etc/fisco/config.ini: ${where}: `)
    })
  }

  it('refuses nearly the name of a section that decides who may come in, and says which is meant', () => {
    for (const [name, meant] of [
      ['certificate_blaklist', 'certificate_blacklist'], ['certificate_whitlist', 'certificate_whitelist'], ['certificate_whitelsit', 'certificate_whitelist'], ['Certificate_Whitelist', 'certificate_whitelist'],
      ['certificate-blacklist', 'certificate_blacklist'], ['certificate_whitelist.0', 'certificate_whitelist'], ['P2P', 'p2p'], ['p2', 'p2p'], ['p2p.0', 'p2p'], ['CRL', 'crl'], ['call', 'cal'],
      ['network_securty', 'network_security'], ['Secure', 'secure'], ['chian', 'chain'], ['restricted_topics.0', 'restricted_topic.N'], ['Restricted_topic.0', 'restricted_topic.N'], ['restricted_topic', 'restricted_topic.N']
    ]) {
      expect(() => parse(`[p2p]\n[${name}]\nx=1`), name).to.throw(ConfigError, `[${name}]: there is no such section; [${meant}] is meant`).with.property('where', `[${name}]`)
    }
  })

  it('warns of nearly the name of another section', () => {
    expect(parse('[p2p]\n[flow_contol]\noutgoing_bandwidth_limit=1').warnings).to.have.lengthOf(1).with.property('0').that.includes('[flow_contol] has no effect').and.includes('[flow_control] is meant')
    expect(parse('[p2p]\n[Admin]\nsocket=none').warnings.join()).to.include('[admin] is meant')
  })

  it('leaves the sections of FISCO BCOS alone that a node has no use for', () => {
    const foreign = ['rpc', 'group', 'log', 'tx_execute', 'compatibility', 'storage_security', 'channel', 'consensus', 'storage', 'txpool', 'tx_pool', 'sync', 'state', 'genesis', 'web3_rpc', 'cert', 'security', 'executor', 'failover', 'redis', 'service', 'gateway', 'tars', 'sdk', 'others', 'version', 'tx', 'web3', 'features', 'group.1', 'log.p2p']

    expect(parse(['[p2p]', ...foreign.map(name => `[${name}]\nanything=1\nanything=2`)].join('\n')).warnings).to.deep.equal([])
  })

  it('refuses a header that is none, in whatever section', () => {
    for (const header of ['[p2p', 'certificate_whitelist]', '[]', '[p2p]]', '[[p2p]', '[certificate_whitelist] cal.0=1', '  [rpc']) {
      expect(() => parse(`[chain]\nid=1\n${header}\n`), header).to.throw(ConfigError, `line 3: "${header.trim()}" is no header of a section`).with.property('where', 'line 3')
    }
  })

  it('takes a header with spaces before it, in it, and a comment behind it', () => {
    expect(parse(`[p2p]\n  [ certificate_whitelist ] ; who may\n  cal.0=${ID}\n[chain]# one\nid=7`)).to.deep.include({ allow: [ID], chainId: '7', warnings: [] })
  })

  it('refuses a file that is no config.ini', () => {
    const file = '[p2p]\nlisten_port=30301\n'

    for (const text of ['', '\n; nothing\n', '\uFEFF', 'listen_port=30301', '[rpc]\nlisten_port=1', '\uFFFD\u0007M\u0012=\uFFFD\n', '{"p2p":{}}']) {
      expect(() => parse(text), JSON.stringify(text)).to.throw(ConfigError, '/etc/fisco/config.ini: it has none of the sections that a node knows ([p2p], [network_security],')
    }

    for (const bytes of [Buffer.from(`\uFEFF${file}`, 'utf16le'), Buffer.from(file, 'utf16le'), Buffer.from(`\uFEFF${file}`, 'utf16le').swap16()]) {
      expect(() => parse(bytes.toString('utf8'))).to.throw(ConfigError, 'it is no text in UTF-8 (UTF-16, or no text at all): save it as UTF-8')
    }
  })

  it('says of what is there twice which one counts', () => {
    const config = parse(`[p2p]\nlisten_port=30301\nlisten_port=30302\n[certificate_blacklist]\ncrl.0=${ID}\n[chain]\nid=1\n[certificate_blacklist]\ncrl.0=${OTHER_ID}\ncrl.1=${ID}`)

    expect(config.listen.toString()).to.include('/tcp/30302/')
    // nobody falls off a list
    expect(config.deny).to.have.members([ID, OTHER_ID, ID])
    expect(config.warnings).to.deep.equal([
      '[p2p] listen_port is there twice, in the lines 2 and 3: the last one counts, with "30302"; remove the other one',
      '[certificate_blacklist] is there twice, in the lines 4 and 8: all that stands in both counts; put them together',
      '[certificate_blacklist] crl.0 is there twice, in the lines 5 and 9: both count; give one of them a number that is free'
    ])
  })

  it('takes the entries of both names of a section', () => {
    const { allow, warnings } = parse(`[certificate_whitelist]\n;cal.0=\n[cal]\ncal.0=${ID}`)

    expect(allow).to.deep.equal([ID])
    expect(warnings.join()).to.include('[certificate_whitelist] and [cal] are the same section, in the lines 1 and 3')
  })

  it('warns of lines that no section has, or that have no value', () => {
    expect(parse('node.0=10.0.0.1:1\n[p2p]\nlisten_port 30301\nlisten_ip').warnings).to.deep.equal([
      'line 1: node.0 stands before the first section, and has no effect',
      '[p2p] listen_port 30301 has no effect: it is unknown; known are listen_ip, listen_port, node.N, max_nodes, max_unconfigured_nodes, link_timeout_ms, max_retry_delay_ms',
      '[p2p] listen_ip has no effect: it lacks the "=", as in listen_ip='
    ])
  })
})
