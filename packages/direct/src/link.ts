import { LaneStreams } from './lane-streams.ts'
import { laneOf } from './lane.ts'
import { LaneActivity } from './pace.ts'
import type { Lane } from './lane.ts'
import type { OutgoingCall } from './outgoing-call.ts'
import type { Peer } from './peer.ts'
import type { SessionHost } from './session.ts'
import type { Connection, Stream } from '@libp2p/interface'

/**
 * One connection: its lanes, each from the moment in which it is used.
 */
export class Link {
  readonly peer: Peer
  readonly connection: Connection
  readonly #host: SessionHost
  readonly #activity = new LaneActivity()
  readonly #lanes = new Map<Lane, LaneStreams>()

  constructor (host: SessionHost, connection: Connection, peer: Peer) {
    this.#host = host
    this.connection = connection
    this.peer = peer
  }

  /**
   * Begins an exchange.
   */
  send (call: OutgoingCall): void {
    this.#streamsOf(call.lane).send(call)
  }

  /**
   * Exchanges are begun here from now on, and no longer on another connection.
   */
  follow (previous: Link): void {
    previous.#lanes.forEach((streams, lane) => { this.#streamsOf(lane).follow(streams) })
  }

  /**
   * The peer has opened a stream.
   */
  accept (stream: Stream): void {
    const lane = laneOf(stream.protocol)

    if (lane == null) {
      stream.abort(new Error(`${stream.protocol} is no lane of unicast`))
    } else {
      this.#streamsOf(lane).accept(stream)
    }
  }

  /**
   * Ends all exchanges, and the streams in good order.
   *
   * @returns when the last stream has ended; see {@link end} for those that do not
   */
  async stop (err: Error): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(async lane => lane.stop(err)))
  }

  /**
   * Ends everything at once.
   */
  end (err: Error): void {
    this.#lanes.forEach(lane => { lane.end(err) })
  }

  #streamsOf (lane: Lane): LaneStreams {
    let streams = this.#lanes.get(lane)

    if (streams == null) {
      const { nodeId, traffic, bandwidth } = this.peer
      const { inbox } = this.peer.lane(lane)
      const limits = [this.#host.bandwidth, bandwidth].filter(limit => limit != null)
      streams = new LaneStreams(this.#host, { connection: this.connection, nodeId, lane, inbox, traffic, limits, activity: this.#activity })
      this.#lanes.set(lane, streams)
    }

    return streams
  }
}
