/**
 * What of a stream of `@libp2p/yamux` decides on window updates (its `src/stream.ts`).
 */
interface YamuxWindow {
  /**
   * See {@link MUST_TELL}.
   */
  state: number

  /**
   * Bytes that the other end may send in a full window, and what of it is left.
   */
  recvWindow: number
  recvWindowCapacity: number
  sendWindowUpdate (): void
}

/**
 * States in which an update has another purpose too: it opens the stream (Init), accepts it (SYNReceived), or is held back (Paused).
 */
const MUST_TELL = [0, 2, 5]

/**
 * Has a stream send window updates only when half of the window is used. Leaves streams alone that are not as expected: updates are
 * sent as often as ever then.
 */
export function updateWindowsByHalves (stream: object): void {
  if (!isWindow(stream)) {
    return
  }

  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream)

  stream.sendWindowUpdate = () => {
    if (MUST_TELL.includes(stream.state) || stream.recvWindow - stream.recvWindowCapacity >= stream.recvWindow / 2) {
      sendWindowUpdate()
    }
  }
}

function isWindow (stream: object): stream is YamuxWindow {
  const { state, recvWindow, recvWindowCapacity, sendWindowUpdate } = stream as Partial<YamuxWindow>

  return typeof state === 'number' && typeof recvWindow === 'number' && typeof recvWindowCapacity === 'number' && typeof sendWindowUpdate === 'function'
}
