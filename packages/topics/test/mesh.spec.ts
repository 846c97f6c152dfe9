import { Mesh } from '@fisco-libp2p/topics'
import { expect } from 'chai'

describe('mesh', () => {
  const composed = (): ConstructorParameters<typeof Mesh>[0] & object => ({ D: 6, Dlo: 4, Dhi: 12, Dout: 1, Dscore: 4, scoreThresholds: { publishThreshold: -50 } })

  it('is empty as long as all take messages by unicast, and fills 3 s after one is there that does not', () => {
    const opts = composed()
    const mesh = new Mesh(opts)

    expect(mesh.isFull).to.equal(true)
    mesh.update(false, 0)
    expect(mesh.isFull).to.equal(false)
    expect(opts).to.deep.include({ D: 0, Dlo: 0, Dhi: 0, Dout: 0, Dscore: 0 })
    // a member whose status comes after its subscription
    mesh.update(true, 1_000)
    mesh.update(false, 2_000)
    mesh.update(true, 3_000)
    mesh.update(true, 5_999)
    expect(mesh.isFull).to.equal(false)
    mesh.update(true, 6_000)
    expect(opts).to.deep.equal(composed())
    mesh.update(false, 7_000)
    expect(mesh.isFull).to.equal(false)
  })

  it('is as it was composed when the node stops', () => {
    const opts = composed()
    const mesh = new Mesh(opts)

    mesh.update(false, 0)
    mesh.restore()
    expect(opts).to.deep.equal(composed())
  })

  it('is taken for full where gossipsub does not show its settings', () => {
    const mesh = new Mesh()

    mesh.update(false, 0)
    expect(mesh.isFull).to.equal(true)
  })
})
