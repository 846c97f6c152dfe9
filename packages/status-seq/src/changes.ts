import type { StatusChange } from './index.ts'
import type { StatusRecord } from './record.ts'
import type { NodeId } from '@fisco-libp2p/identity'
import type { TypedEventTarget } from 'main-event'

/**
 * What {@link changes} listens to.
 */
interface ChangeSource {
  snapshot (): StatusRecord[]
  addEventListener: TypedEventTarget<{ 'status:change': CustomEvent<StatusChange> }>['addEventListener']
  removeEventListener: TypedEventTarget<{ 'status:change': CustomEvent<StatusChange> }>['removeEventListener']
}

/**
 * All records that are known, and then each that is new. Who reads slowly gets the newest of each node and misses what was between, so what waits is bounded
 * by the size of the table.
 *
 * @param signal - ends it; so does leaving the loop
 */
export async function * changes (status: ChangeSource, signal?: AbortSignal): AsyncGenerator<StatusRecord, void, undefined> {
  const waiting = new Map<NodeId, StatusRecord>()
  let wake = Promise.withResolvers<void>()
  const onAbort = (): void => { wake.resolve() }
  const onChange = ({ detail: { nodeId, record } }: CustomEvent<StatusChange>): void => {
    // behind those that have waited for longer
    waiting.delete(nodeId)
    waiting.set(nodeId, record)
    wake.resolve()
  }

  status.addEventListener('status:change', onChange)
  signal?.addEventListener('abort', onAbort)
  status.snapshot().forEach(record => { waiting.set(record.nodeId, record) })

  try {
    while (signal?.aborted !== true) {
      const [record] = waiting.values()

      if (record == null) {
        await wake.promise
        wake = Promise.withResolvers()
      } else {
        waiting.delete(record.nodeId)
        yield record
      }
    }
  } finally {
    status.removeEventListener('status:change', onChange)
    signal?.removeEventListener('abort', onAbort)
  }
}
