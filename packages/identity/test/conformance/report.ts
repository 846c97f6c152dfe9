import { judgeCase, outOfScope } from './limbo.ts'
import type { LimboSuite, Outcome } from './limbo.ts'
import type { Openssl } from './openssl.ts'
import type { CertificateRule } from '@fisco-libp2p/identity'

/**
 * One case as it is reported.
 */
export interface CaseReport {
  id: string
  expected: Outcome['result']
  rfc5280: Outcome
  fisco: Outcome

  /**
   * Whether `rfc5280` comes to the expected result.
   */
  agree: boolean

  /**
   * What the openssl command line says, by default and with `-x509_strict`; absent where there is none.
   */
  openssl?: { default: Outcome['result'], strict: Outcome['result'] }
}

/**
 * What is written to the file.
 */
export interface Report {
  suite: string

  /**
   * Why nothing was judged; absent if something was.
   */
  skipped?: string
  inScope: number
  agree: number
  outOfScope: Array<{ id: string, rule: string }>
  cases: CaseReport[]

  /**
   * Version of the openssl command line, and with how many cases it agrees.
   */
  openssl?: { version: string, default: number, strict: number }

  /**
   * The cases that `fisco` judges in another way than `rfc5280`.
   */
  relaxed: RelaxedCase[]
}

/**
 * A case that `fisco` judges in another way than `rfc5280`.
 */
export interface RelaxedCase {
  id: string

  /**
   * Which of the four relaxations does it; undefined if none of them does, which must not be.
   */
  relaxation?: string

  /**
   * By which rule `rfc5280` refuses it, and in which words.
   */
  rule?: string
  message?: string
}

/**
 * The four things that `fisco` lets pass, by the rule and the words with which `rfc5280` refuses them.
 */
const RELAXATIONS: Array<[string, CertificateRule, RegExp]> = [
  ['anchor of v1 or without basicConstraints', 'not-a-ca', /has no basicConstraints/],
  ['basicConstraints not critical', 'extension-criticality', /basicConstraints are not critical/],
  ['key identifiers absent', 'missing-extension', /has no (subject|authority)KeyIdentifier/],
  ['keyUsage of a CA absent', 'missing-extension', /has no keyUsage/]
]

/**
 * Judges a suite.
 */
export function judgeSuite (name: string, suite: LimboSuite, openssl?: Openssl): Report {
  const out = suite.testcases.map(testcase => ({ id: testcase.id, rule: outOfScope(testcase) ?? '' })).filter(({ rule }) => rule !== '')

  const cases = suite.testcases.filter(testcase => outOfScope(testcase) == null).map((testcase): CaseReport => {
    const rfc5280 = judgeCase(testcase, 'rfc5280')

    return {
      id: testcase.id,
      expected: testcase.expected_result,
      rfc5280,
      fisco: judgeCase(testcase, 'fisco'),
      agree: rfc5280.result === testcase.expected_result,
      openssl: openssl == null ? undefined : { default: openssl.judge(testcase, false), strict: openssl.judge(testcase, true) }
    }
  })

  const agreeing = (result: (report: CaseReport) => Outcome['result'] | undefined): number => cases.filter(report => result(report) === report.expected).length

  return {
    suite: name,
    inScope: cases.length,
    agree: cases.filter(({ agree }) => agree).length,
    outOfScope: out,
    cases,
    openssl: openssl == null ? undefined : { version: openssl.version, default: agreeing(report => report.openssl?.default), strict: agreeing(report => report.openssl?.strict) },
    relaxed: cases.filter(({ rfc5280, fisco }) => rfc5280.result !== fisco.result).map(({ id, rfc5280 }) => ({ id, relaxation: relaxationOf(rfc5280), rule: rfc5280.rule, message: rfc5280.message }))
  }
}

function relaxationOf ({ rule, message = '' }: Outcome): string | undefined {
  return RELAXATIONS.find(([, name, words]) => name === rule && words.test(message))?.[0]
}

/**
 * Whether `rfc5280` agrees with all cases in scope, and `fisco` departs from it in nothing but its relaxations.
 */
export function isGood (report: Report): boolean {
  return report.agree === report.inScope && report.relaxed.every(({ relaxation }) => relaxation != null)
}

/**
 * The report of a suite that is not there.
 */
export function skipSuite (name: string, why: string): Report {
  return { suite: name, skipped: why, inScope: 0, agree: 0, outOfScope: [], cases: [], relaxed: [] }
}
