/**
 * A span of time in its largest unit, rounded down.
 */
export function duration (milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const units: Array<[number, string]> = [[86_400, 'd'], [3_600, 'h'], [60, 'min']]
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, 's']

  return `${Math.floor(seconds / size)} ${unit}`
}
