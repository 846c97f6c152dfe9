import Table from 'cli-table3'
import pc from 'picocolors'
import type { Output } from '../output.ts'
import type { RemoteNode } from './remote-node.ts'

/**
 * What a row of the table shows besides the node itself.
 */
export interface StatusShown {
  seq: number
  entries: Record<string, string>
}

/**
 * The demo on the screen: lines as things happen and, on a terminal, below them a table that is kept up to date.
 */
export class View {
  private readonly output: Output
  private readonly live: boolean
  private nodes: RemoteNode[] = []
  private height = 0
  readonly statuses = new Map<string, StatusShown>()

  constructor (output: Output) {
    this.output = output
    this.live = process.stdout.isTTY && !output.json
  }

  show (nodes: RemoteNode[]): void {
    this.nodes = nodes
    this.redraw()
  }

  line (text: string): void {
    this.clear()
    this.output.progress(`${pc.green('•')} ${text}`)
    this.draw()
  }

  redraw (): void {
    this.clear()
    this.draw()
  }

  /**
   * The table, once, where it is not kept up to date.
   */
  summary (): void {
    if (!this.live) {
      this.output.progress(this.table())
    }
  }

  private clear (): void {
    if (this.height > 0) {
      // back to the first line of the table, and erase from there on
      process.stdout.write(`\u001b[${this.height}A\u001b[J`)
      this.height = 0
    }
  }

  private draw (): void {
    if (this.live && this.nodes.length > 0) {
      const table = this.table()

      process.stdout.write(`${table}\n`)
      this.height = table.split('\n').length
    }
  }

  private table (): string {
    const table = new Table({ head: ['node', 'node ID', 'process', 'connected to', 'status'].map(pc.cyan), style: { head: [], border: [], compact: true } })
    const nameOf = (nodeId: string): string => this.nodes.find(node => node.nodeId === nodeId)?.name ?? nodeId.slice(0, 8)

    for (const node of this.nodes) {
      const status = this.statuses.get(node.nodeId)
      const entries = Object.entries(status?.entries ?? {}).map(([name, value]) => `${name}=${value}`).join(' ')

      table.push([
        node.name,
        node.nodeId === '' ? '' : `${node.nodeId.slice(0, 16)}…`,
        node.running ? String(node.pid) : pc.red('down'),
        [...node.connected].map(nameOf).sort((a, b) => a.localeCompare(b)).join(' '),
        status == null ? '' : `seq ${status.seq} ${entries}`
      ])
    }

    return table.toString()
  }
}
