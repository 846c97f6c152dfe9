import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * How often, in milliseconds, the node tells how much it uses, and how often memory is measured, after a full garbage collection where
 * Node exposes it: that takes tens of milliseconds.
 */
const GAUGE_INTERVAL = 1_000
const MEMORY_INTERVAL = 5_000

/**
 * A plugin for `fisco-p2p start --plugin`: once a second it logs what the process uses and with whom it is connected.
 */
export default function gauge (node: FiscoNode, { emit, signal }: { emit (event: string, detail: object): void, signal: AbortSignal }): void {
  const { peers } = node.services
  let memory = process.memoryUsage()

  const collections = setInterval(() => {
    globalThis.gc?.()
    memory = process.memoryUsage()
  }, MEMORY_INTERVAL)

  const gauges = setInterval(() => {
    const { rss, heapUsed } = memory
    const resources = process.getActiveResourcesInfo()
    const connections = node.getConnections().map(({ remotePeer }) => remotePeer.toString())

    emit('gauge', {
      rss,
      heapUsed,
      timers: resources.filter(name => name === 'Timeout').length,
      sockets: resources.filter(name => name === 'TCPSocketWrap').length,
      members: peers.members().map(({ nodeId }) => nodeId),
      connections: connections.length,
      doubled: connections.length - new Set(connections).size
    })
  }, GAUGE_INTERVAL)

  signal.addEventListener('abort', () => {
    clearInterval(collections)
    clearInterval(gauges)
  })
}
