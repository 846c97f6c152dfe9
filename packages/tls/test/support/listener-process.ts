import { readdir } from 'node:fs/promises'
import { createIdentity } from '@fisco-libp2p/identity'
import { startNode } from './nodes.ts'

/**
 * A listening node in a process of its own, so that what a flood leaves behind in it can be measured: it is sent the PEM
 * files of its identity, answers with its address, and then with its figures each time it is asked.
 */
export interface ProcessFigures {
  rss: number
  heap: number

  /**
   * Open descriptors; 0 where the system does not tell.
   */
  descriptors: number
  timers: number
  connections: number
  rejections: number
}

process.once('message', (pem: { key: string, cert: string, ca: string, members: number }) => {
  serve(pem).catch(err => { process.stderr.write(`${err.stack}\n`); process.exitCode = 1 })
})

async function serve (pem: { key: string, cert: string, ca: string, members: number }): Promise<void> {
  const identity = createIdentity(pem)
  let rejections = 0
  identity.addEventListener('handshake:rejected', () => { rejections++ })
  const node = await startNode(identity, { carrier: 'tls-first', members: pem.members, timeout: 2_000 })

  process.on('message', () => {
    report(node.libp2p.getConnections().length, rejections).then(figures => process.send?.(figures), () => {})
  })
  process.on('disconnect', () => { process.exit() })
  process.send?.({ address: node.libp2p.getMultiaddrs()[0].toString() })
}

async function report (connections: number, rejections: number): Promise<ProcessFigures> {
  global.gc?.()
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const { rss, heapUsed } = process.memoryUsage()

  return { rss, heap: heapUsed, descriptors: descriptors.length, timers: process.getActiveResourcesInfo().filter(name => name === 'Timeout').length, connections, rejections }
}
