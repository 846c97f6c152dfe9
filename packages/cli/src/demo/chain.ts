import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatConfig, verifyChain, writeChain } from '@fisco-libp2p/ca'
import getPort from 'get-port'

/**
 * How many nodes the demo runs.
 */
export const NODES = 4

/**
 * A node of the demo that is not started yet.
 */
export interface DemoNode {
  name: string
  config: string
}

/**
 * The demo's chain: the one in `dir` if it verifies today, else a new one. A folder that does not verify is kept, under
 * another name. Each run takes ports that are free now.
 */
export async function prepareChain (dir: string): Promise<{ nodes: DemoNode[], ports: number[], created: boolean }> {
  const existing = await verifyChain(dir).catch(() => [])
  const created = existing.length !== NODES

  if (created) {
    await setAside(dir)
    await writeChain({ output: dir, nodes: NODES })
  }

  const nodes = created ? await verifyChain(dir) : existing
  const ports = await Promise.all(nodes.map(freePort))

  await Promise.all(nodes.map(async ({ name, config }, i) => writeConfig(config, name, ports[i], ports)))

  return { nodes, ports, created }
}

/**
 * A node of another consortium, which knows the addresses of the demo's nodes and trusts their CA; they do not trust its.
 *
 * @param chain - folder of the demo's chain
 */
export async function prepareIntruder (dir: string, ports: number[], chain: string): Promise<DemoNode> {
  await rm(dir, { recursive: true, force: true })
  const { nodes: [node] } = await writeChain({ output: dir, nodes: 1, name: 'foreign', agency: 'foreign-agency' })

  await appendFile(join(node.dir, 'conf', 'ca.crt'), await readFile(join(chain, 'ca.crt')))
  await writeConfig(node.config, 'intruder', await freePort(), ports)

  return { name: 'intruder', config: node.config }
}

async function freePort (): Promise<number> {
  return getPort({ host: '127.0.0.1' })
}

async function writeConfig (file: string, name: string, listenPort: number, ports: number[]): Promise<void> {
  await writeFile(file, formatConfig({ name, listenIp: '127.0.0.1', listenPort, nodes: ports.map(port => ({ host: '127.0.0.1', port })), chainId: 1 }))
}

async function setAside (dir: string): Promise<void> {
  const aside = join(dirname(dir), `${dir.split(/[\\/]/).pop()}.old`)

  try {
    await rm(aside, { recursive: true, force: true })
    await rename(dir, aside)
  } catch (err) {
    if (err.code !== 'ENOENT') {
      throw err
    }
  }
}
