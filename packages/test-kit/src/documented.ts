import { readFileSync } from 'node:fs'

/**
 * The specification: what it says is compared with what the code does, so that they cannot part. It lies in the repository, and is no part of this package.
 */
const DOCUMENT = new URL('../../../../docs/PROTOCOLS.md', import.meta.url)
let read: string | undefined

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, KiB: 1_024, MiB: 1_048_576 }

/**
 * The rows of the tables of docs/PROTOCOLS.md that have these headings, without the marks of code.
 *
 * @throws Error if there is no such table
 */
export function documentedTable (...headings: string[]): string[][] {
  const rows = tables().filter(([first]) => first.join('|') === headings.join('|')).flatMap(table => table.slice(1))

  if (rows.length === 0) {
    throw new Error(`docs/PROTOCOLS.md has no table with the headings ${headings.join(', ')}`)
  }

  return rows.map(row => row.map(cell => cell.replaceAll('`', '')))
}

/**
 * The vector that docs/PROTOCOLS.md gives under a name: bytes in hex, a name of a peer as text. `npm run check` fails if there is one that no
 * test asks for.
 *
 * @throws Error if there is none, or more than one
 */
export function documentedVector (name: string): string {
  const found = documentedTable('vector', 'of', 'bytes').filter(([first]) => first === name)

  if (found.length !== 1) {
    throw new Error(`docs/PROTOCOLS.md has ${found.length} vectors "${name}"`)
  }

  // bytes of one value at the end are written once: `00ffa5` (a5 1,024 times)
  const [, bytes, last = '', times = '1'] = /^([\w ]+?)(?: \((\w\w) ([\d,]+) times\))?$/.exec(found[0][2]) ?? []

  if (bytes == null) {
    throw new Error(`docs/PROTOCOLS.md gives no bytes for the vector "${name}"`)
  }

  return bytes.replaceAll(' ', '') + last.repeat(Number(times.replaceAll(',', '')) - 1)
}

/**
 * The constants of a package that docs/PROTOCOLS.md gives: times in milliseconds, sizes in bytes, as the code has them.
 */
export function documentedConstants (pkg: string): Record<string, number> {
  return Object.fromEntries(documentedTable(`constant of ${pkg}`, 'value', 'what').map(([name, value]) => [name, documentedValue(value)]))
}

/**
 * What a value in docs/PROTOCOLS.md comes to: `1,024 bytes` to 1024, `10 s` to 10000 milliseconds.
 */
export function documentedValue (text: string): number {
  const [number, unit] = text.split(' ')

  return Number(number.replaceAll(',', '')) * (UNITS[unit] ?? 1)
}

/**
 * The names of the stack that docs/PROTOCOLS.md gives to a package, among all that cross the wire.
 */
export function documentedNames (pkg: string): string[] {
  return documentedTable('name', 'what it names', 'package').filter(row => row[2] === pkg).map(([name]) => name)
}

/**
 * The names among a package's constants that cross the wire, to be compared with {@link documentedNames}: those that begin with `fisco/`, `fisco-` or `/fisco/`.
 * Names with a colon are for use within the process.
 */
export function wireNames (constants: Readonly<Record<string, unknown>>): string[] {
  return Object.values(constants).filter(value => typeof value === 'string' && /^\/?fisco[/-][^:]*$/.test(value)).map(String)
}

/**
 * All tables, each with its headings first; some stand in lists.
 */
function tables (): string[][][] {
  read ??= readFileSync(DOCUMENT, 'utf8')
  const blocks = read.split('\n').map(line => line.trim()).join('\n').matchAll(/(?:^\|.*\|\n)+/gm)

  return Array.from(blocks, ([block]) => {
    const rows = block.trimEnd().split('\n').map(line => line.slice(1, -1).split('|').map(cell => cell.trim()))

    return rows.filter((_, i) => i !== 1)
  })
}
