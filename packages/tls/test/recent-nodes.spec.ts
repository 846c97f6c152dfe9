import { expect } from 'chai'
import { RecentNodes } from '../src/recent-nodes.ts'

describe('nodes that are remembered', () => {
  it('are never more than so many, the latest ones', () => {
    const nodes = new RecentNodes(2)
    nodes.add('a')
    nodes.add('b')
    nodes.add('a')
    nodes.add('c')

    expect(['a', 'b', 'c'].filter(node => nodes.has(node))).to.deep.equal(['a', 'c'])
  })
})
