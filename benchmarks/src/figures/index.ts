import { broadcast } from './broadcast.ts'
import { bulk } from './bulk.ts'
import { connect } from './connect.ts'
import { lane } from './lane.ts'
import { memory } from './memory.ts'
import { request, throughput } from './request.ts'
import { status } from './status.ts'
import type { Figure } from '../figure.ts'

/**
 * All figures, by the names of `--only`, in the order of the table.
 */
export const FIGURES = {
  connect,
  request,
  throughput,
  bulk,
  broadcast,
  status,
  memory,
  lane
} satisfies Record<string, Figure>

export type FigureName = keyof typeof FIGURES
