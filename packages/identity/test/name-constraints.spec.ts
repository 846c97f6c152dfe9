import { expect } from 'chai'
import { commonName, integer, name, sequence, tlv } from './support/der.ts'
import { agency, directory, dns, extension, ip, leaf, nameConstraints, root, subjectAltName } from './support/issue.ts'
import { judge, refused } from './support/judge.ts'
import type { Der } from './support/der.ts'
import type { Issued } from './support/issue.ts'

const ORGANIZATION = '2.5.4.10'
const COMMON_NAME = '2.5.4.3'
const top = root()

function constrained (constraints: { permitted?: Der[], excluded?: Der[] }): Issued {
  return agency(top, { extensions: { nameConstraints: nameConstraints(constraints) } })
}

function named (...names: Der[]): { extensions: Record<string, Der> } {
  return { extensions: { san: subjectAltName(names) } }
}

function accepts (issuer: Issued, node: Issued): void {
  expect(judge([node, issuer], [top]).path).to.have.lengthOf(2)
}

function refuses (issuer: Issued, node: Issued): void {
  refused(() => judge([node, issuer], [top]), 'name-constraint', node.certificate.subject)
}

describe('name constraints', () => {
  it('of host names cover all below, to the label, in any case', () => {
    const issuer = constrained({ permitted: [dns('Bank.example')], excluded: [dns('test.bank.example')] })

    for (const host of ['bank.example', 'node0.bank.example', 'a.b.BANK.example']) {
      accepts(issuer, leaf(issuer, named(dns(host))))
    }

    for (const host of ['example', 'otherbank.example', 'bank.example.org', 'test.bank.example', 'a.test.bank.example']) {
      refuses(issuer, leaf(issuer, named(dns(host))))
      refuses(issuer, leaf(issuer, named(dns('bank.example'), dns(host))))
    }
  })

  it('exclude a wildcard that stands for an excluded name', () => {
    const issuer = constrained({ permitted: [dns('bank.example')], excluded: [dns('test.bank.example'), dns('b.c.bank.example')] })

    refuses(issuer, leaf(issuer, named(dns('*.bank.example'))))
    refuses(issuer, leaf(issuer, named(dns('*.test.bank.example'))))
    refuses(issuer, leaf(issuer, named(dns('*.c.bank.example'))))
    accepts(issuer, leaf(issuer, named(dns('*.d.bank.example'))))
  })

  it('of host names with an empty base cover all host names, and nothing else', () => {
    const issuer = constrained({ excluded: [dns('')] })

    refuses(issuer, leaf(issuer, named(dns('node0.example'))))
    accepts(issuer, leaf(issuer, named(ip(192, 0, 2, 1))))
    accepts(issuer, leaf(issuer))
  })

  it('of addresses go by the mask', () => {
    const issuer = constrained({ permitted: [ip(192, 0, 2, 0, 255, 255, 255, 0)], excluded: [ip(192, 0, 2, 128, 255, 255, 255, 128)] })

    accepts(issuer, leaf(issuer, named(ip(192, 0, 2, 127))))
    refuses(issuer, leaf(issuer, named(ip(192, 0, 2, 128))))
    refuses(issuer, leaf(issuer, named(ip(192, 0, 3, 1))))
    refuses(issuer, leaf(issuer, named(ip(...Buffer.from('20010db8000000000000000000000001', 'hex')))))
    accepts(issuer, leaf(issuer, named(dns('node0.example'))))

    const all = constrained({ permitted: [ip(0, 0, 0, 0, 0, 0, 0, 0)] })
    accepts(all, leaf(all, named(ip(203, 0, 113, 9))))
  })

  it('of directory names cover subjects and other names, in whatever string type', () => {
    const issuer = constrained({ permitted: [directory(name([ORGANIZATION, 'Bank  of Nowhere']))] })
    const within = (tag: number): Der => name([ORGANIZATION, ' bank of NOWHERE', tag], [COMMON_NAME, 'node0'])

    accepts(issuer, leaf(issuer, { subject: within(0x0c) }))
    accepts(issuer, leaf(issuer, { subject: within(0x13) }))
    refuses(issuer, leaf(issuer, { subject: name([COMMON_NAME, 'node0'], [ORGANIZATION, 'Bank of Nowhere']) }))
    refuses(issuer, leaf(issuer, { subject: name([ORGANIZATION, 'Bank of Nowhere else']) }))
    refuses(issuer, leaf(issuer, { subject: within(0x0c), ...named(directory(commonName('other'))) }))
    accepts(issuer, leaf(issuer, { subject: sequence(), extensions: { san: subjectAltName([directory(within(0x0c))], true) } }))
  })

  it('of every CA of the path hold, of the anchor too', () => {
    const wide = root({ extensions: { nameConstraints: nameConstraints({ permitted: [dns('example')] }) } }, 'wide')
    const narrow = agency(wide, { extensions: { nameConstraints: nameConstraints({ permitted: [dns('a.example'), dns('org')] }) } }, 'narrow')

    expect(judge([leaf(narrow, named(dns('x.a.example'))), narrow], [wide]).path).to.have.lengthOf(2)
    refused(() => judge([leaf(narrow, named(dns('b.example'))), narrow], [wide]), 'name-constraint')
    refused(() => judge([leaf(narrow, named(dns('x.org'))), narrow], [wide]), 'name-constraint')
  })

  it('do not hold for self-issued CAs, and do for self-issued leaves', () => {
    const issuer = agency(top, { extensions: { nameConstraints: nameConstraints({ permitted: [directory(commonName('node0'))] }) } })
    const rolled = agency(issuer)

    expect(rolled.certificate.selfIssued).to.equal(true)
    expect(judge([leaf(rolled), rolled, issuer], [top]).path).to.have.lengthOf(3)
    refused(() => judge([leaf(issuer, {}, 'agency'), issuer], [top]), 'name-constraint', 'CN=agency')
  })

  it('that cannot be applied are refused', () => {
    const email = tlv(0x81, Buffer.from('example.com'))
    const distant = extension('2.5.29.30', true, sequence(tlv(0xa0, sequence(dns('example'), tlv(0x81, Buffer.from([1]))))))

    for (const issuer of [constrained({ permitted: [email] }), constrained({ excluded: [tlv(0x86, Buffer.from('example'))] }), agency(top, { extensions: { nameConstraints: distant } })]) {
      refused(() => judge([leaf(issuer), issuer], [top]), 'unsupported-name-constraint', 'CN=agency')
    }
  })

  it('that cannot be read are refused', () => {
    const bases = [dns('*.example'), dns('.example'), dns('ex ample'), ip(192, 0, 2, 1), ip(192, 0, 2, 0, 255, 0, 255, 0), ip(1, 2, 3, 4, 5)]
    const empty = [sequence(), sequence(tlv(0xa0)), sequence(tlv(0xa0, sequence())), sequence(integer(1))].map(value => agency(top, { extensions: { nameConstraints: extension('2.5.29.30', true, value) } }))

    for (const issuer of [...bases.map(base => constrained({ permitted: [base] })), ...empty]) {
      refused(() => judge([leaf(issuer), issuer], [top]), 'malformed', 'CN=agency')
    }
  })

  it('cost no more than a bounded number of comparisons', () => {
    const issuer = constrained({ excluded: Array.from({ length: 800 }, (_, i) => dns(`x${i}`)) })
    const node = leaf(issuer, named(...Array.from({ length: 800 }, (_, i) => dns(`n${i}`))))

    refused(() => judge([node, issuer], [top]), 'path-too-complex', 'CN=node0')
    accepts(issuer, leaf(issuer, named(dns('n1'), dns('n2'))))
  })
})
