import { expectFlat } from './support/flatness.ts'

describe('a long flood of handshakes that fail', () => {
  it('leaves no memory, descriptor or timer behind (20,000 of them)', async function () {
    this.timeout(15 * 60_000)
    const { before, after } = await expectFlat(20_000, 2_000)

    process.stdout.write(`      before ${JSON.stringify(before)}\n      after  ${JSON.stringify(after)}\n`)
  })
})
