import { CertificateRefusedError, validateChain } from '@fisco-libp2p/identity'
import { expect } from 'chai'
import type { Issued } from './issue.ts'
import type { CertificateRule, ValidateOptions, Verdict } from '@fisco-libp2p/identity'

/**
 * Judges a chain, the leaf first, under anchors, today.
 */
export function judge (chain: Issued[], anchors: Issued[], options: Partial<ValidateOptions> = {}): Verdict {
  const [leaf, ...others] = chain.map(({ certificate }) => certificate)

  return validateChain(leaf, others, { anchors: anchors.map(({ certificate }) => certificate), now: Date.now(), ...options })
}

/**
 * Expects a refusal that names the rule, whose certificate it is, and what to do.
 */
export function refused (attempt: () => unknown, rule: CertificateRule, subject?: string): CertificateRefusedError {
  try {
    attempt()
  } catch (err) {
    if (!(err instanceof CertificateRefusedError)) {
      throw err
    }

    expect(err.rule, err.message).to.equal(rule)
    expect(err.message).to.include(`${rule}: `).and.include(err.hint)
    expect(err.hint).to.have.length.above(10)

    if (subject != null) {
      expect(err.subject).to.equal(subject)
      expect(err.serial).to.match(/^-?[0-9a-f]+…?$/)
      expect(err.message).to.include(subject)
    }

    return err
  }

  return expect.fail(`should have been refused as ${rule}`)
}
