import { getReceivedBytes } from '@fisco-libp2p/identity'
import { InvalidMessageError } from '@libp2p/interface'
import { LINK_PROTOCOL, MAX_FRAMES_PER_LOOK, MAX_UNSENT_BYTES } from './constants.ts'
import { encodeLinkFrame, LinkFrameDecoder } from './link-frame.ts'
import type { FarewellReason, KnownLinkFrame, LinkFrame } from './link-frame.ts'
import type { Connection, Stream } from '@libp2p/interface'

/**
 * What a {@link Heartbeat} tells.
 */
export interface HeartbeatObserver {
  /**
   * Milliseconds of the latest round trip.
   */
  rtt (connection: Connection, milliseconds: number): void

  /**
   * The other end is about to close the connection.
   */
  farewell (connection: Connection, reason: FarewellReason): void
}

/**
 * The heartbeat of one connection: a stream on which both ends ask and answer when nothing else is heard. Where the other end does
 * not speak the protocol, nothing is known and nothing is judged.
 */
export class Heartbeat {
  readonly connection: Connection
  readonly #observer: HeartbeatObserver
  readonly #openTimeout: number
  #stream?: Stream
  #opening?: Promise<void>
  #unsupported = false

  #frames = 0
  #framesAllowed = MAX_FRAMES_PER_LOOK
  #pingId = 0
  #pingedAt = 0

  /**
   * @param openTimeout - milliseconds within which the stream must be open
   */
  constructor (connection: Connection, observer: HeartbeatObserver, openTimeout: number) {
    this.connection = connection
    this.#observer = observer
    this.#openTimeout = openTimeout
  }

  /**
   * A number that grows when anything is heard on the connection; of its own protocol alone where the security transport does not
   * count bytes.
   */
  get heard (): number {
    return getReceivedBytes(this.connection) ?? this.#frames
  }

  /**
   * Whether the other end is known not to speak the protocol, so that its silence means nothing.
   */
  get unsupported (): boolean {
    return this.#unsupported
  }

  /**
   * The stream is open, whoever opened it. The first question goes at once: it measures the round trip.
   */
  accept (stream: Stream): void {
    const decoder = new LinkFrameDecoder()
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => {
      try {
        this.#received(decoder.decode(data.subarray()), stream)
      } catch (err) {
        stream.abort(err)
      }
    })
    stream.addEventListener('remoteCloseWrite', () => { stream.abort(new Error('the other end ended the heartbeat')) })
    stream.addEventListener('close', () => {
      if (this.#stream === stream) {
        this.#stream = undefined
      }
    })
    this.#ping()
  }

  /**
   * Opens the stream, unless there is one.
   */
  open (signal: AbortSignal): void {
    if (this.#stream != null || this.#opening != null || this.#unsupported) {
      return
    }

    this.#opening = this.connection.newStream(LINK_PROTOCOL, { signal: AbortSignal.any([signal, AbortSignal.timeout(this.#openTimeout)]) }).then(stream => {
      this.accept(stream)
    }, err => {
      // anything else is tried again at the next look, if there is one
      this.#unsupported = err.name === 'UnsupportedProtocolError'
    }).finally(() => { this.#opening = undefined })
  }

  /**
   * Asks whether somebody is there. Opens the stream if there is none.
   */
  ask (signal: AbortSignal): void {
    this.open(signal)
    this.#ping()
  }

  /**
   * Lets the other end send some frames again.
   */
  allowFrames (): void {
    this.#framesAllowed = this.#frames + MAX_FRAMES_PER_LOOK
  }

  /**
   * Tells the other end that this connection is about to be closed.
   *
   * @returns when it is on its way, or cannot be told
   */
  async sayGoodbye (reason: FarewellReason, signal: AbortSignal): Promise<void> {
    // of a connection that was opened a moment ago
    this.open(signal)
    await this.#opening
    this.#send(this.#stream, { kind: 'goodbye', reason })
  }

  #ping (): void {
    this.#pingId = (this.#pingId + 1) % 2 ** 32
    this.#pingedAt = performance.now()
    this.#send(this.#stream, { kind: 'ping', id: this.#pingId })
  }

  /**
   * Frames of kinds that this version does not know count like others: passing over them takes time as well.
   */
  #received (frames: Iterable<LinkFrame>, stream: Stream): void {
    for (const frame of frames) {
      this.#frames++

      if (this.#frames > this.#framesAllowed) {
        throw new InvalidMessageError(`more than ${MAX_FRAMES_PER_LOOK} frames of the link protocol at once`)
      }

      if (frame.kind === 'ping') {
        this.#send(stream, { kind: 'pong', id: frame.id })
      } else if (frame.kind === 'goodbye') {
        this.#observer.farewell(this.connection, frame.reason)
      } else if (frame.kind === 'pong' && frame.id === this.#pingId) {
        this.#observer.rtt(this.connection, performance.now() - this.#pingedAt)
      }
    }
  }

  /**
   * What does not get through is not kept: a later question serves as well.
   */
  #send (stream: Stream | undefined, frame: KnownLinkFrame): void {
    if (stream?.writeStatus === 'writable' && stream.writeBufferLength < MAX_UNSENT_BYTES) {
      stream.send(encodeLinkFrame(frame))
    }
  }
}
