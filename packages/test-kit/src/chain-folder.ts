import { readFile, writeFile } from 'node:fs/promises'
import { DEFAULT_PORT, writeChain } from '@fisco-libp2p/ca'
import { freePorts } from './free-ports.ts'
import type { WriteChainOptions, WrittenChain } from '@fisco-libp2p/ca'

/**
 * A chain in FISCO BCOS's folder layout whose nodes listen on ports of 127.0.0.1 that are free now.
 */
export async function chainFolder (output: string, options: Omit<WriteChainOptions, 'output' | 'port'> = {}): Promise<WrittenChain> {
  const chain = await writeChain({ ...options, output })
  const ports = await freePorts(chain.nodes.length)

  await Promise.all(chain.nodes.map(async ({ config }) => {
    const text = await readFile(config, 'utf8')

    await writeFile(config, text.replace(/(?<=[:=])\d{5}\b/g, port => String(ports[Number(port) - DEFAULT_PORT] ?? port)))
  }))

  return chain
}
