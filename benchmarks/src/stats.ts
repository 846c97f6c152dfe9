/**
 * The value below which a share of all values lies. NaN if there are none.
 */
export function quantile (values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)

  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

export function median (values: readonly number[]): number {
  return quantile(values, 0.5)
}

/**
 * A number of three significant digits, as tables show it.
 */
export function round (value: number): number {
  return Number(value.toPrecision(3))
}
