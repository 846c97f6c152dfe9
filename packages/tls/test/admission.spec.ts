import { addressKey, Admission, guessProtocol, LogLimiter, looksLikeTls } from '@fisco-libp2p/tls'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Ticket } from '@fisco-libp2p/tls'

function admitted (result: Ticket | string): Ticket {
  return typeof result === 'string' ? expect.fail(`refused: ${result}`) : result
}

describe('admission', () => {
  it('counts IPv4 addresses one by one and IPv6 addresses by their /64', () => {
    expect(addressKey('10.0.0.1')).to.equal('10.0.0.1')
    expect(addressKey('::ffff:10.0.0.1')).to.equal('10.0.0.1')
    expect(addressKey('2001:db8:1:2:3:4:5:6')).to.equal('2001:db8:1:2')
    expect(addressKey('2001:db8:1:2::9')).to.equal('2001:db8:1:2')
    expect(addressKey('2001:DB8::1')).to.equal('2001:db8:0:0')
    expect(addressKey('::1')).to.equal('0:0:0:0')
    expect(addressKey('fe80::1%eth0')).to.equal('fe80:0:0:0')
  })

  it('lets in a burst of all members from one address after a power cut', () => {
    const admission = new Admission({ members: 100, now: () => 0 })

    for (let i = 0; i < 100; i++) {
      admitted(admission.enter('10.0.0.1'))
    }

    expect(admission.underWay).to.equal(100)
    expect(admission.enter('10.0.0.1')).to.equal('address-busy')
  })

  it('has a limit per address and in total, and gives places back', () => {
    const admission = new Admission({ members: 4, now: () => 0 })
    const tickets = Array.from({ length: admission.maxPendingPerAddress }, () => admitted(admission.enter('10.0.0.1')))

    expect(admission.maxPendingPerAddress).to.equal(16)
    expect(admission.enter('10.0.0.1')).to.equal('address-busy')

    for (let i = 0; admission.underWay < 48; i++) {
      admitted(admission.enter(`10.1.0.${i}`))
    }

    expect(admission.enter('10.2.0.1')).to.equal('listener-busy')
    tickets[0].done('accepted')
    tickets[0].done('accepted')
    expect(admission.underWay).to.equal(47)
    admitted(admission.enter('10.2.0.1'))
  })

  it('keeps a quarter of all places for configured peers', () => {
    const admission = new Admission({ members: 4, isReserved: ip => ip.startsWith('192.168.'), now: () => 0 })

    for (let i = 0; i < 48; i++) {
      admitted(admission.enter(`10.0.0.${i}`))
    }

    expect(admission.enter('10.0.1.1')).to.equal('listener-busy')

    for (let i = 0; i < 16; i++) {
      admitted(admission.enter(`192.168.0.${i}`))
    }

    expect(admission.enter('192.168.0.99')).to.equal('listener-busy')
  })

  it('slows an address that churns handshakes down, most of all if they fail, and nobody else', () => {
    let now = 0
    const admission = new Admission({ members: 10, now: () => now })
    const churn = (outcome: 'accepted' | 'failed', milliseconds: number): number => {
      let entered = 0

      for (const end = now + milliseconds; now < end; now += 10) {
        const ticket = admission.enter('10.0.0.1')

        if (typeof ticket !== 'string') {
          entered++
          ticket.done(outcome)
        }
      }

      return entered
    }

    churn('failed', 10_000)
    expect(churn('failed', 10_000)).to.be.within(20, 30)
    now += 60_000
    churn('accepted', 10_000)
    expect(churn('accepted', 10_000)).to.be.within(95, 105)
    admitted(admission.enter('10.0.0.2'))
  })

  it('keeps its count whatever happens, and never goes beyond its limits', () => {
    fc.assert(fc.property(fc.array(fc.record({ ip: fc.constantFrom('10.0.0.1', '10.0.0.2', '::1', 'fe80::2'), end: fc.boolean(), failed: fc.boolean(), wait: fc.nat(500) }), { maxLength: 300 }), events => {
      let now = 0
      const admission = new Admission({ members: 1, now: () => now })
      const open: Ticket[] = []

      for (const { ip, end, failed, wait } of events) {
        now += wait
        const ticket = end ? open.shift() : admission.enter(ip)

        if (end && typeof ticket === 'object') {
          ticket.done(failed ? 'failed' : 'accepted')
        } else if (typeof ticket === 'object') {
          open.push(ticket)
        }

        expect(admission.underWay).to.equal(open.length)
        expect(admission.underWay).to.be.at.most(admission.maxPending)
      }
    }))
  })
})

describe('first bytes', () => {
  it('are those of TLS or not, however few they are', () => {
    expect(looksLikeTls(Buffer.from('160301', 'hex'))).to.equal(true)
    expect(looksLikeTls(Buffer.from('1603', 'hex'))).to.equal(undefined)
    expect(looksLikeTls(new Uint8Array())).to.equal(undefined)
    expect(looksLikeTls(Buffer.from('150301', 'hex'))).to.equal(false)
    expect(looksLikeTls(Buffer.from('160201', 'hex'))).to.equal(false)
    expect(looksLikeTls(Buffer.from('160305', 'hex'))).to.equal(false)
  })

  it('tell what a stranger speaks, and never in the stranger\'s words', () => {
    expect(guessProtocol(Buffer.from('GET / HTTP/1.1\r\n'))).to.equal('HTTP')
    expect(guessProtocol(Buffer.from('SSH-2.0-x'))).to.equal('SSH')
    expect(guessProtocol(Buffer.from('\u0013/multistream/1.0.0\n'))).to.include('libp2p without TLS')
    // the length of libp2p's greeting may come alone
    expect(guessProtocol(Buffer.from('\u0013'))).to.include('libp2p without TLS')

    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      expect(guessProtocol(bytes)).to.match(/^(HTTP|SSH|something unknown|libp2p without TLS.*)$/)
      expect(looksLikeTls(bytes)).to.be.oneOf([true, false, undefined])
    }))
  })
})

describe('the log under a flood', () => {
  it('has ten lines a second, and says how many it leaves out', () => {
    let now = 0
    const limiter = new LogLimiter(() => now)
    const written = Array.from({ length: 1000 }, () => limiter.next()).filter(line => line != null)

    expect(written).to.have.lengthOf(10)
    now = 1000
    expect(limiter.next()).to.deep.equal({ suppressed: 990 })
    expect(limiter.next()).to.deep.equal({ suppressed: 0 })
  })
})
