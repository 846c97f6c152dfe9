import { MESH_GRACE } from './constants.ts'
import type { PubsubLike } from './components.ts'

/**
 * The settings of gossipsub that say to how many neighbours, and to whom, it sends a message at once.
 */
export type MeshSettings = NonNullable<PubsubLike['opts']>

/**
 * Keeps gossipsub's mesh empty for as long as everybody gets the messages by unicast: it then only tells what there is, and gives it to those who missed it. Where a
 * subscriber takes none by unicast the mesh has the degree that gossipsub was composed with.
 */
export class Mesh {
  private readonly opts?: MeshSettings
  private readonly full: MeshSettings
  private readonly empty: MeshSettings
  private since?: number

  /**
   * @param opts - of gossipsub, which reads them anew at each heartbeat and each message; one that does not show them keeps its mesh
   */
  constructor (opts?: MeshSettings) {
    const { D = 0, Dlo = 0, Dhi = 0, Dout = 0, Dscore = 0, scoreThresholds = { publishThreshold: 0 } } = opts ?? {}

    this.opts = opts
    this.full = { D, Dlo, Dhi, Dout, Dscore, scoreThresholds }
    // flood publishing passes over whom it thinks worth less than this. Without it gossipsub would take a degree of 0 for "to all" when a message is published
    this.empty = { D: 0, Dlo: 0, Dhi: 0, Dout: 0, Dscore: 0, scoreThresholds: { ...scoreThresholds, publishThreshold: Infinity } }
  }

  /**
   * Whether messages also go over the mesh.
   */
  get isFull (): boolean {
    return this.opts == null || this.opts.D > 0
  }

  /**
   * @param needed - whether there is a subscriber that takes no messages by unicast
   * @param now - milliseconds of a clock that does not go back
   */
  update (needed: boolean, now: number): void {
    this.since = needed ? this.since ?? now : undefined
    this.set(this.since != null && now - this.since >= MESH_GRACE ? this.full : this.empty)
  }

  /**
   * As gossipsub was composed: this node has no unicast, or stops.
   */
  restore (): void {
    this.since = undefined
    this.set(this.full)
  }

  private set (settings: MeshSettings): void {
    if (this.opts != null) {
      Object.assign(this.opts, settings)
    }
  }
}
