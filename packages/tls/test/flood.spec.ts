import { expectFlat } from './support/flatness.ts'

describe('a flood of handshakes that fail', () => {
  it('leaves no memory, descriptor or timer behind (300 of them)', async () => {
    await expectFlat(300, 120)
  })
})
