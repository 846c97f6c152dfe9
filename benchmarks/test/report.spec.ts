import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { formatTable } from '../src/table.ts'

const folder = new URL('../../', import.meta.url)

describe('benchmark report', () => {
  it('stands in the README as it was measured', async () => {
    const { figures } = JSON.parse(await readFile(new URL('results/latest.json', folder), 'utf8'))

    expect(await readFile(new URL('README.md', folder), 'utf8')).to.contain(formatTable(figures))
  })
})
