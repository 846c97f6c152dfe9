import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { judgeCase } from './conformance/limbo.ts'
import { isGood, judgeSuite, skipSuite } from './conformance/report.ts'
import { formatReport } from './conformance/table.ts'
import type { LimboCase, LimboSuite } from './conformance/limbo.ts'
import type { CertificateRule } from '@fisco-libp2p/identity'

const suite: LimboSuite = JSON.parse(await readFile(new URL('../../test/fixtures/limbo.json', import.meta.url), 'utf8'))

/** By which rule each case is refused; the others are accepted. */
const RULES: Record<string, CertificateRule> = {
  'pathlen::intermediate-violates-pathlen-0': 'path-length',
  'pathlen::max-chain-depth-1-exhausted': 'path-too-deep',
  'pathological::intermediate-cycle-distinct-cas-max-depth': 'untrusted-issuer',
  'rfc5280::aki::critical-aki': 'extension-criticality',
  'rfc5280::aki::leaf-missing-aki': 'missing-extension',
  'rfc5280::aki::cross-signed-root-missing-aki': 'missing-extension',
  'rfc5280::eku::ee-wrong-eku': 'key-usage',
  'rfc5280::nc::permitted-dns-match-noncritical': 'extension-criticality',
  'rfc5280::nc::excluded-ipv6-match': 'name-constraint',
  'rfc5280::nc::permitted-dn-match-subject-san-mismatch': 'name-constraint',
  'rfc5280::nc::excluded-self-issued-leaf': 'name-constraint',
  'rfc5280::nc::restrictive-permits-in-intermediates-widens': 'name-constraint',
  'rfc5280::nc::invalid-dnsname': 'malformed',
  'rfc5280::nc::not-allowed-in-ee-critical': 'misplaced-extension',
  'rfc5280::san::malformed': 'malformed',
  'rfc5280::san::noncritical-with-empty-subject': 'extension-criticality',
  'rfc5280::serial::too-long': 'serial-number',
  'rfc5280::serial::negative': 'serial-number',
  'rfc5280::ski::root-missing-ski': 'missing-extension',
  'rfc5280::validity::expired-root': 'expired',
  'rfc5280::ee-empty-issuer': 'empty-name',
  'rfc5280::unknown-critical-extension-intermediate': 'unknown-critical-extension',
  'rfc5280::intermediate-ca-without-ca-bit': 'not-a-ca',
  'rfc5280::root-missing-basic-constraints': 'not-a-ca',
  'rfc5280::root-non-critical-basic-constraints': 'extension-criticality',
  'rfc5280::root-inconsistent-ca-extensions': 'key-usage',
  'rfc5280::leaf-ku-keycertsign': 'key-usage',
  'rfc5280::ee-critical-aia-invalid': 'extension-criticality',
  'rfc5280::duplicate-extensions': 'duplicate-extension',
  'rfc5280::mismatching-signature-algorithm': 'signature-algorithm'
}

/** The cases that fisco judges in another way. */
const RELAXED = [
  'rfc5280::aki::leaf-missing-aki', 'rfc5280::aki::cross-signed-root-missing-aki', 'rfc5280::ski::root-missing-ski',
  'rfc5280::root-missing-basic-constraints', 'rfc5280::root-non-critical-basic-constraints'
]

describe('cases of x509-limbo', () => {
  for (const testcase of suite.testcases) {
    it(`${testcase.id}: ${RULES[testcase.id] ?? 'accepted'}`, () => {
      const { result, rule } = judgeCase(testcase, 'rfc5280')

      expect(result).to.equal(testcase.expected_result)
      expect(rule).to.equal(RULES[testcase.id])
      expect(judgeCase(testcase, 'fisco').result).to.equal(RELAXED.includes(testcase.id) ? 'SUCCESS' : result)
    })
  }
})

describe('the conformance report', () => {
  it('counts what agrees, lists what is out of scope and what fisco relaxes', () => {
    const [first] = suite.testcases
    const others: LimboCase[] = ['webpki::x', 'online::x', 'new::x'].map(id => ({ ...first, id }))
    const wrong: LimboCase = { ...first, id: 'pathlen::wrong', expected_result: 'FAILURE' }
    const report = judgeSuite('x509-limbo', { version: 1, testcases: [...suite.testcases, ...others, wrong] })

    expect(report).to.include({ inScope: suite.testcases.length + 1, agree: suite.testcases.length })
    expect(report.skipped).to.equal(undefined)
    expect(report.outOfScope.map(({ id }) => id)).to.deep.equal(['webpki::x', 'online::x', 'new::x'])
    expect(report.outOfScope.every(({ rule }) => rule.length > 10)).to.equal(true)
    expect(report.relaxed.map(({ id }) => id)).to.have.members(RELAXED)
    expect(report.relaxed.every(({ relaxation }) => relaxation != null)).to.equal(true)
    expect(isGood(report)).to.equal(false)
    expect(isGood({ ...report, agree: report.inScope })).to.equal(true)
    expect(isGood({ ...report, agree: report.inScope, relaxed: [{ id: 'pathlen::wrong' }] })).to.equal(false)

    const text = formatReport(report)
    expect(text).to.match(/NO {2}pathlen::wrong +refused +accepted/).and.match(/rfc5280 +36 +37/)
  })

  it('says that the suite was skipped where it is not', () => {
    const report = skipSuite('x509-limbo', 'there is no such file')

    expect(report).to.include({ inScope: 0, agree: 0, skipped: 'there is no such file' })
    expect(isGood(report)).to.equal(true)
    expect(formatReport(report)).to.include('x509-limbo  skipped: there is no such file')
  })
})
