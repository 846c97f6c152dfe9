import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Bytes of buffers that something in this process still holds: collects garbage first, so it takes a moment. For tests of what a node keeps; compare with what it was before.
 */
export function heldBytes (): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')

  // what one finds is given back in the background, until the next one
  return Math.min(...[1, 2, 3].map(() => {
    collect()

    return process.memoryUsage().arrayBuffers
  }))
}
