import { createHash } from 'node:crypto'
import { CrlPlanner } from '@fisco-libp2p/access'
import { createChainCa } from '@fisco-libp2p/ca'
import { Crl, MAX_CRL_LEAD } from '@fisco-libp2p/identity'
import { hostileCrl } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { CrlOutcome, CrlQuestion, Notice } from '@fisco-libp2p/access'
import type { CertificateAuthority } from '@fisco-libp2p/ca'

const MINUTE = 60_000
const WALL = Date.UTC(2026, 0, 1)
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const [A, B] = ['issuer a', 'issuer b'].map(hashOf)

/**
 * A notice of a hash that is its own: by its name.
 */
function notice (name: string, changes: Partial<Notice> = {}): Notice {
  return { issuer: A, number: 1n, thisUpdate: WALL - MINUTE, size: 100, ...changes, hash: hashOf(changes.hash ?? name) }
}

/**
 * A planner with its two clocks, the neighbours and what they tell, and the questions that it asked.
 */
class Bench {
  now = 0
  wall = WALL
  readonly told: Record<string, Notice[]> = {}
  readonly held = new Map<string, Crl>()
  readonly known = new Set([A, B])
  readonly asked: CrlQuestion[] = []
  readonly planner = new CrlPlanner({ knows: issuer => this.known.has(issuer), latest: issuer => this.held.get(issuer)?.fields })

  plan (): { questions: CrlQuestion[], nextAt: number } {
    const plan = this.planner.plan(Object.entries(this.told).map(([from, notices]) => ({ from, notices })), this.now, this.wall)
    this.asked.push(...plan.questions)

    return plan
  }

  /**
   * Whom it asks now, and for what.
   */
  asks (): string[] {
    return this.plan().questions.map(({ from, notice }) => `${from} for number ${notice.number ?? 'none'}`)
  }

  pass (milliseconds: number): void {
    this.now += milliseconds
    this.wall += milliseconds
  }

  /**
   * Asks until there is nothing more to ask at the moment.
   */
  run (answer: (question: CrlQuestion) => CrlOutcome): { asked: string[], nextAt: number } {
    const asked: string[] = []

    for (;;) {
      const { questions, nextAt } = this.plan()

      if (questions.length === 0) {
        return { asked, nextAt }
      }

      questions.forEach(question => {
        asked.push(question.from)
        this.planner.ended(question, answer(question), this.now)
      })
    }
  }
}

describe('planner of CRLs', () => {
  let ca: CertificateAuthority
  let bench: Bench

  before(async () => {
    ca = await createChainCa({ keyType: 'ed25519' })
  })

  beforeEach(() => {
    bench = new Bench()
  })

  function hold (issuer: string, number: bigint | null, thisUpdate = WALL - MINUTE): void {
    bench.held.set(issuer, new Crl(hostileCrl(ca, { number, thisUpdate: new Date(thisUpdate) })))
  }

  it('asks for what is news, of issuers that are known', () => {
    hold(A, 5n)
    bench.told.alice = [notice('old', { number: 5n }), notice('unknown', { number: 9n, issuer: hashOf('nobody') })]
    expect(bench.plan()).to.deep.equal({ questions: [], nextAt: Infinity })

    bench.told.alice.push(notice('new', { number: 6n }))
    expect(bench.asks()).to.deep.equal(['alice for number 6'])
  })

  it('goes by the time where one of both has no number', () => {
    hold(A, 5n)
    bench.told.alice = [notice('earlier', { number: undefined, thisUpdate: WALL - 2 * MINUTE }), notice('same', { number: undefined })]
    expect(bench.asks()).to.deep.equal([])

    bench.told.alice.push(notice('later', { number: undefined, thisUpdate: WALL }))
    expect(bench.asks()).to.deep.equal(['alice for number none'])
  })

  it('asks once, and one for each issuer at a time', () => {
    bench.told.alice = [notice('a'), notice('b', { issuer: B })]
    bench.told.bob = [notice('a'), notice('c')]

    expect(bench.asks()).to.have.lengthOf(2)
    expect(bench.asks()).to.deep.equal([])
    bench.asked.forEach(question => { bench.planner.ended(question, 'taken', bench.now) })
    hold(A, 1n)
    hold(B, 1n)
    expect(bench.plan()).to.deep.equal({ questions: [], nextAt: Infinity })
  })

  it('asks for the newest first, whoever tells of it: true old ones do not stand before it', () => {
    // all the CRLs that there ever were
    bench.told.attacker = Array.from({ length: 1000 }, (_, i) => notice(`true ${i}`, { number: BigInt(i + 1) }))
    bench.told.honest = [notice('newest', { number: 1001n })]

    expect(bench.asks()).to.deep.equal(['honest for number 1001'])
  })

  it('asks who tells of a thousand that are none once in ten minutes, and the honest one behind it at once', () => {
    bench.told.attacker = Array.from({ length: 1000 }, (_, i) => notice(`false ${i}`, { number: BigInt(i + 1000) }))
    bench.told.honest = [notice('true', { number: 7n })]

    for (const outcome of ['useless', 'lied'] as const) {
      const { asked, nextAt } = bench.run(({ from }) => from === 'honest' ? 'taken' : outcome)

      expect(asked).to.deep.equal(outcome === 'useless' ? ['attacker', 'honest'] : ['attacker'])
      expect(nextAt).to.equal(bench.now + 10 * MINUTE)
      hold(A, 7n)
      bench.pass(10 * MINUTE - 1)
      expect(bench.asks()).to.deep.equal([])
      bench.pass(1)
    }

    // what is wrong with one issuer's does not stand in the way of another's
    bench.told.attacker.push(notice('of b', { issuer: B }))
    bench.planner.ended(bench.plan().questions[0], 'lied', bench.now)
    expect(bench.asked.slice(-2).map(({ notice }) => notice.issuer)).to.have.members([A, B])
  })

  it('gains nothing by changing what it tells all the time', () => {
    bench.told.honest = [notice('true', { number: 7n })]
    let toAttacker = 0

    for (let i = 0; i < 600; i++) {
      bench.told.attacker = [notice(`false ${i}`, { number: BigInt(i + 1000) })]
      bench.run(({ from }) => {
        toAttacker += from === 'attacker' ? 1 : 0
        if (from === 'honest') { hold(A, 7n) }

        return from === 'honest' ? 'taken' : 'useless'
      })
      bench.pass(1000)
    }

    expect(toAttacker).to.equal(1)
    expect(bench.held.get(A)?.fields.number).to.equal(7n)
  })

  it('does not keep a CRL from its issuer because somebody told of it under another one, or gave something else for it', () => {
    bench.told.attacker = [notice('true', { issuer: B, number: 9n })]
    bench.planner.ended(bench.plan().questions[0], 'useless', bench.now)
    bench.told.attacker = [notice('true', { number: 9n })]
    bench.planner.ended(bench.plan().questions[0], 'lied', bench.now)
    bench.told.honest = [notice('true', { number: 9n })]

    expect(bench.asks()).to.deep.equal(['honest for number 9'])
  })

  it('does not ask anybody again for what was found to be useless, or came another way', () => {
    for (const outcome of ['useless', 'outdated'] as const) {
      bench.told.alice = [notice(outcome, { number: 9n })]
      bench.planner.ended(bench.plan().questions[0], outcome, bench.now)
      bench.told.bob = [notice(outcome, { number: 9n })]
      bench.pass(60 * MINUTE)

      expect(bench.plan(), outcome).to.deep.equal({ questions: [], nextAt: Infinity })
      bench.told.bob = []
    }
  })

  it('asks the next one at once where one does not answer, and that one again after a second', () => {
    bench.told.slow = [notice('a', { number: 9n })]
    bench.told.honest = [notice('b', { number: 8n })]
    bench.planner.ended(bench.plan().questions[0], 'failed', bench.now)

    expect(bench.asks()).to.deep.equal(['honest for number 8'])
    bench.planner.ended(bench.asked[1], 'taken', bench.now)
    hold(A, 8n)
    expect(bench.plan()).to.deep.equal({ questions: [], nextAt: 1000 })
    bench.pass(1000)
    expect(bench.asks()).to.deep.equal(['slow for number 9'])
  })

  it('asks one that never answers more and more rarely, and never more rarely than a liar', () => {
    bench.told.slow = [notice('a', { number: 9n })]
    const pauses = Array.from({ length: 12 }, () => {
      bench.planner.ended(bench.plan().questions[0], 'failed', bench.now)
      const pause = bench.plan().nextAt - bench.now
      bench.pass(pause)

      return pause
    })

    expect(pauses.slice(0, 4)).to.deep.equal([1_000, 2_000, 4_000, 8_000])
    expect(pauses.slice(-2)).to.deep.equal([10 * MINUTE, 10 * MINUTE])
  })

  it('waits for those of the future, by the wall clock, however that is set', () => {
    bench.told.alice = [notice('soon', { thisUpdate: WALL + MAX_CRL_LEAD + 3 * MINUTE, number: 9n }), notice('now', { thisUpdate: WALL + MAX_CRL_LEAD, number: 8n })]
    expect(bench.asks()).to.deep.equal(['alice for number 8'])
    bench.planner.ended(bench.asked[0], 'taken', bench.now)
    hold(A, 8n)

    expect(bench.plan()).to.deep.equal({ questions: [], nextAt: 3 * MINUTE })
    bench.pass(2 * MINUTE)
    expect(bench.plan()).to.deep.equal({ questions: [], nextAt: 3 * MINUTE })
    bench.wall += MINUTE
    expect(bench.asks()).to.deep.equal(['alice for number 9'])
  })

  it('takes four of one issuer at once, then one in ten seconds; those of others do not wait for them', () => {
    let number = 0n
    const next = (): string[] => {
      bench.told.alice = [notice(`a ${++number}`, { number })]

      return bench.run(({ notice }) => {
        hold(notice.issuer, number)

        return 'taken'
      }).asked
    }

    expect(Array.from({ length: 6 }, next).filter(asked => asked.length > 0)).to.have.lengthOf(4)
    expect(bench.plan().nextAt).to.equal(10_000)
    bench.told.bob = [notice('b', { issuer: B })]
    expect(bench.asks()).to.deep.equal(['bob for number 1'])

    bench.pass(9_999)
    expect(next()).to.deep.equal([])
    bench.pass(1)
    expect(next()).to.have.lengthOf(1)
    expect(next()).to.deep.equal([])
    bench.pass(60 * MINUTE)
    expect(Array.from({ length: 6 }, next).filter(asked => asked.length > 0)).to.have.lengthOf(4)
  })
})
