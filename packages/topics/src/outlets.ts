import { MAX_OUTLET_BYTES, MESSAGE_NAME } from './constants.ts'
import type { DirectLike } from './components.ts'
import type { TopicsMetrics } from './metrics.ts'
import type { PacedStream } from './pacer.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { Logger } from '@libp2p/interface'

/**
 * What {@link Outlets} work with.
 */
export interface OutletsInit {
  metrics: TopicsMetrics
  log: Logger
}

/**
 * Sends messages to neighbours by unicast: as many bytes as each takes, and a limited number that wait.
 */
export class Outlets {
  private readonly init: OutletsInit
  private readonly outlets = new Map<NodeId, Outlet>()
  private direct?: DirectLike

  constructor (init: OutletsInit) {
    this.init = init
  }

  /**
   * Neighbours for which something waits.
   */
  get busy (): PacedStream[] {
    return [...this.outlets.values()]
  }

  /**
   * Bytes that wait.
   */
  get waitingBytes (): number {
    return this.busy.reduce((sum, { writeBufferLength }) => sum + writeBufferLength, 0)
  }

  start (direct: DirectLike | undefined): void {
    this.direct = direct
  }

  stop (): void {
    this.direct = undefined
  }

  /**
   * @param bytes - nobody may change them any more
   * @returns whether they are on their way
   */
  send (nodeId: NodeId, bytes: Uint8Array): boolean {
    const { metrics, log } = this.init
    const outlet = this.outlets.get(nodeId) ?? new Outlet()

    if (this.direct == null || outlet.writeBufferLength + bytes.byteLength > MAX_OUTLET_BYTES) {
      metrics.sent('dropped')

      return false
    }

    this.outlets.set(nodeId, outlet)
    outlet.writeBufferLength += bytes.byteLength
    this.direct.notify(nodeId, MESSAGE_NAME, bytes).then(() => {
      metrics.sent('sent')
    }, err => {
      metrics.sent('failed')
      log('message could not be sent to %s - %e', nodeId, err)
    }).finally(() => {
      outlet.writeBufferLength -= bytes.byteLength

      if (outlet.writeBufferLength === 0) {
        this.outlets.delete(nodeId)
      }

      outlet.dispatchEvent(new Event('drain'))
    })

    return true
  }
}

class Outlet extends EventTarget implements PacedStream {
  writeBufferLength = 0
}
