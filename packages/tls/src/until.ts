/**
 * Waits for the first of some events.
 *
 * @param signal - ends the waiting
 * @param listen - adds listeners that settle the promise, and returns what removes them
 * @throws whatever a listener rejects with, or the signal was aborted with
 */
export async function until <T> (signal: AbortSignal, listen: (resolve: (value: T) => void, reject: (err: Error) => void) => () => void): Promise<T> {
  signal.throwIfAborted()

  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = (): void => { reject(signal.reason) }

  signal.addEventListener('abort', onAbort, { once: true })
  const stopListening = listen(resolve, reject)

  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    stopListening()
  }
}
