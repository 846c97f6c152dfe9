import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createChainCa, issueNode, openAuthority, publishCrl, renew, revoke } from '@fisco-libp2p/ca'
import { createFaultNetwork, membersOf, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { BIN, run } from './support/run.ts'
import type { FaultNetwork, Station } from '@fisco-libp2p/test-kit'

const PATIENCE = 240_000

function figure (name: string, value: object): void {
  process.stdout.write(`      ${JSON.stringify({ figure: name, ...value })}\n`)
}

async function sleep (milliseconds: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}

/**
 * Replaces a file as an operator's tools do it.
 */
async function replace (file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, content)
  await rename(`${file}.new`, file)
}

/**
 * Nodes in processes of their own, under load, all of which have the agency's CRL configured.
 */
class Consortium implements AsyncDisposable {
  readonly folder: string
  readonly network: FaultNetwork

  constructor (folder: string, network: FaultNetwork) {
    this.folder = folder
    this.network = network
  }

  static async create (folder: string, nodes: number): Promise<Consortium> {
    const network = await createFaultNetwork({ nodes, folder, bin: BIN })
    const consortium = new Consortium(folder, network)

    await publishCrl({ chain: consortium.chain })
    await consortium.putCrl(network.stations)
    await Promise.all(network.stations.map(async station => { await consortium.set(station, 'network_security', 'crl.0=agency.crl') }))

    return consortium
  }

  get chain (): string {
    return join(this.folder, 'chain')
  }

  dir ({ node }: Station): string {
    return join(this.chain, 'nodes', node.name)
  }

  conf (station: Station, name: string): string {
    return join(this.dir(station), 'conf', name)
  }

  async set (station: Station, section: string, line: string): Promise<void> {
    const config = join(this.dir(station), 'config.ini')
    await replace(config, (await readFile(config, 'utf8')).replace(`[${section}]`, `[${section}]\n    ${line}`))
  }

  async putCrl (stations: readonly Station[]): Promise<void> {
    const crl = await readFile(join(this.chain, 'agency', 'agency.crl'))
    await Promise.all(stations.map(async station => { await replace(this.conf(station, 'agency.crl'), crl) }))
  }

  async start (): Promise<void> {
    await this.network.start()
    await this.network.until('all are connected with all', () => this.network.isFullMesh(), PATIENCE)
    await sleep(8_000)
  }

  /**
   * Milliseconds from `since` until the last of the others has closed what connected it to a node.
   */
  async cut (victim: Station, since: number): Promise<number> {
    const others = this.network.stations.filter(({ node, nodeId }) => node.running && nodeId !== victim.nodeId)

    await this.network.until('nobody is connected with it', () => others.every(station => !membersOf(station).has(victim.nodeId)), 30_000)
    await this.network.until('it is connected with nobody', () => membersOf(victim).size === 0, 30_000)

    return Math.max(...others.map(({ entries }) => entries.findLast(({ event, nodeId }) => event === 'peer:down' && nodeId === victim.nodeId)?.time ?? Infinity)) - since
  }

  /**
   * Requests between nodes that nobody has taken anything back from, since a moment: those that were answered, and those that failed.
   */
  requests (since: number, victims: readonly Station[]): { answered: number, lost: number } {
    const gone = new Set<unknown>(victims.map(({ nodeId }) => nodeId))
    const ended = this.network.stations.filter(({ nodeId }) => !gone.has(nodeId)).flatMap(({ entries }) => entries.filter(({ event, time, to }) => event === 'request:ended' && time >= since && !gone.has(to)))

    return { answered: ended.filter(({ outcome }) => outcome === 'answered').length, lost: ended.filter(({ outcome }) => outcome !== 'answered').length }
  }

  /**
   * Links between others that went down since a moment.
   */
  downs (since: number, victims: readonly Station[]): string[] {
    const gone = new Set<unknown>(victims.map(({ nodeId }) => nodeId))

    return this.network.stations.filter(({ nodeId }) => !gone.has(nodeId)).flatMap(({ node, entries }) => entries.filter(({ event, time, nodeId }) => event === 'peer:down' && time >= since && !gone.has(nodeId)).map(({ nodeId, reason }) => `${node.name} lost ${String(nodeId).slice(0, 8)} (${String(reason)})`))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.network[Symbol.asyncDispose]()
  }
}

describe('trust taken back between processes', () => {
  for (const nodes of [4, 20]) {
    it(`closes every connection of a revoked node, and no other, with ${nodes} nodes`, async () => {
      await using folder = await temporaryFolder()
      await using consortium = await Consortium.create(folder.join('net'), nodes)
      const { network: { stations }, chain } = consortium
      const [learnt, local] = stations.slice(-2)
      await consortium.start()
      const begin = Date.now()

      await revoke({ chain, node: learnt.node.name })
      let since = Date.now()
      await consortium.putCrl(stations.slice(0, 1))
      figure('from the CRL at one node to the last closed connection', { nodes, milliseconds: await consortium.cut(learnt, since) })

      await revoke({ chain, node: local.node.name })
      since = Date.now()
      await consortium.putCrl(stations)
      figure('from the CRL at every node to the last closed connection', { nodes: nodes - 1, milliseconds: await consortium.cut(local, since) })

      const victims = [learnt, local]

      if (nodes > 4) {
        const [denied] = stations.slice(-3)
        victims.push(denied)
        since = Date.now()
        await Promise.all(stations.filter(station => !victims.includes(station)).map(async station => { await consortium.set(station, 'certificate_blacklist', `crl.0=${denied.nodeId}`) }))
        figure('from the blacklist at every node to the last closed connection', { nodes: nodes - 2, milliseconds: await consortium.cut(denied, since) })
      }

      await sleep(5_000)
      const { answered, lost } = consortium.requests(begin, victims)
      figure('requests between the others meanwhile', { nodes, answered, lost })

      expect(consortium.downs(begin, victims)).to.deep.equal([])
      expect(lost).to.equal(0)
      expect(answered).to.be.above(0)
    })
  }

  it('takes over renewed certificates and other CAs with no request lost, with 20 nodes', async () => {
    await using folder = await temporaryFolder()
    await using consortium = await Consortium.create(folder.join('net'), 20)
    const { network, network: { stations }, chain } = consortium
    await consortium.start()
    const begin = Date.now()
    const networkId = (JSON.parse((await run(['info', '--config', join(consortium.dir(stations[0]), 'config.ini'), '--json'])).stdout) as { networkId: string }).networkId
    await Promise.all(stations.map(async station => { await consortium.set(station, 'chain', `network_id=${networkId}`) }))
    const took = async (what: string, since: number): Promise<void> => {
      await network.until(`all have new ${what}`, () => stations.every(({ entries }) => entries.some(({ event, time, changed }) => event === 'reload' && time >= since && (changed as string[]).includes(what))), 60_000)
    }

    const rotate = async (what: string, change: () => Promise<void>): Promise<void> => {
      const since = Date.now()
      await change()
      await took(what, since)
      await sleep(3_000)
      figure(`rotation: ${what}`, { milliseconds: Date.now() - since - 3_000, ...consortium.requests(since, []) })
    }

    await rotate('certificate', async () => {
      for (const { node } of stations) {
        await renew({ chain, node: node.name })
      }
    })

    const ours = await readFile(consortium.conf(stations[0], 'ca.crt'), 'utf8')
    const theirs = await createChainCa({ name: 'another chain' })
    await rotate('anchors', async () => { await Promise.all(stations.map(async station => { await replace(consortium.conf(station, 'ca.crt'), ours + theirs.cert) })) })
    await rotate('anchors', async () => { await Promise.all(stations.map(async station => { await replace(consortium.conf(station, 'ca.crt'), ours) })) })
    await rotate('revocations', async () => {
      await publishCrl({ chain })
      await consortium.putCrl(stations)
    })

    expect(consortium.downs(begin, [])).to.deep.equal([])
    expect(consortium.requests(begin, []).lost).to.equal(0)
  })

  it('closes a link at the end of a certificate of two minutes, and opens it again with a new one', async () => {
    await using folder = await temporaryFolder()
    await using consortium = await Consortium.create(folder.join('net'), 3)
    const { network, network: { stations }, chain } = consortium
    const [, , ending] = stations
    const read = async (...path: string[]): Promise<string> => readFile(join(chain, ...path), 'utf8')
    const agency = openAuthority({ key: await read('agency', 'agency.key'), cert: await read('agency', 'agency.crt') + await read('ca.crt') })
    const end = Math.ceil(Date.now() / 1000) * 1000 + 120_000
    const { cert } = await issueNode(agency, { name: ending.node.name, key: await readFile(consortium.conf(ending, 'node.key'), 'utf8'), notAfter: new Date(end) })
    const lasting = await readFile(consortium.conf(ending, 'node.crt'))
    await copyFile(consortium.conf(ending, 'node.crt'), consortium.conf(ending, 'node.crt.old'))
    await replace(consortium.conf(ending, 'node.crt'), cert)
    await consortium.start()
    const begin = Date.now()

    await network.until('the others have closed it', () => stations.slice(0, 2).every(({ entries }) => entries.some(({ event, rule }) => event === 'access:closed' && rule === 'expired')), 150_000)
    const lags = stations.slice(0, 2).map(({ entries }) => (entries.find(({ event }) => event === 'access:closed')?.time ?? 0) - end)
    figure('from the end of a certificate to the closing of its links', { milliseconds: lags })
    expect(Math.min(...lags)).to.be.at.least(0)
    const told = (): unknown[] => stations[0].entries.filter(({ event, nodeId }) => event === 'certificate:expiring' && nodeId === ending.nodeId).map(({ days }) => days)
    await network.until('it is told that it has ended', () => told().includes(0), 30_000)
    expect(told()).to.deep.equal([1, 0])

    await replace(consortium.conf(ending, 'node.crt'), lasting)
    await network.until('all are connected with all', () => network.isFullMesh(), 60_000)

    expect(consortium.downs(begin, [ending])).to.deep.equal([])
    expect(consortium.requests(begin, [ending]).lost).to.equal(0)
  })
})
