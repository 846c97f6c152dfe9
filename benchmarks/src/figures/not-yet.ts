import type { Figure } from '../figure.ts'

/**
 * Stands for a figure of which nothing is known.
 */
export function notYet (reason: string): Figure {
  return async () => ({ ours: {}, rivals: {}, ratios: {}, goal: {}, aim: {}, note: `not yet: ${reason}` })
}
