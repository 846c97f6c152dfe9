import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseConfig } from './config.ts'
import { formatEndpoint, parseEndpoint } from './endpoint.ts'
import { ConfigError } from './errors.ts'

/**
 * A change of the peers that a `config.ini` names.
 */
export interface ConfigPeersChange {
  /**
   * Addresses as `config.ini` has them, or multiaddrs.
   */
  add?: readonly string[]
  remove?: readonly string[]
}

/**
 * Writes that wait for the one before: each begins with what the last one left.
 */
let writing: Promise<void> = Promise.resolve()

/**
 * Changes the `[p2p] node.N` lines of a `config.ini`, and nothing else of it: comments, order and all other lines stay byte by byte.
 * The file is replaced as a whole, so that it is never seen half written and survives a power cut; where it is a link, what it points to
 * is replaced. What is there already is not added, what is not there not removed.
 *
 * @throws ConfigError if the file cannot be read or written, or would not be good afterwards; it is then as it was
 */
export async function savePeers (file: string, change: ConfigPeersChange): Promise<void> {
  const mine = writing.then(async () => save(file, change))
  writing = mine.catch(() => {})

  return mine
}

async function save (file: string, change: ConfigPeersChange): Promise<void> {
  try {
    const path = await realpath(file)
    const text = await readFile(path, 'utf8')
    const changed = editPeers(text, change)

    if (changed !== text) {
      parseConfig(changed, file)
      await replaceFile(path, changed)
    }
  } catch (err) {
    throw err instanceof ConfigError ? err : new ConfigError(file, '[p2p]', `its nodes could not be changed: ${err.message}`, { cause: err })
  }
}

/**
 * The text of a `config.ini` with other `[p2p] node.N` lines.
 *
 * @throws Error if an address is none
 */
export function editPeers (text: string, { add = [], remove = [] }: ConfigPeersChange): string {
  const gone = new Set(remove.map(canonical))
  const lines = text.split(/(?<=\n)/)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const present = new Set<string>()
  const kept: string[] = []
  let inP2p = false
  let insertAt = -1
  let indent = ''
  let next = 0

  for (const line of lines) {
    const section = /^\uFEFF?\s*\[([^\]]*)\]/.exec(line)?.[1]
    inP2p = section == null ? inP2p : section.trim() === 'p2p'
    const node = inP2p ? /^(\s*)node\.(\d+)\s*=(.*)/.exec(line) : null
    const address = node == null ? undefined : canonicalOrNone(valueOf(node[3]))

    if (address != null && gone.has(address)) {
      continue
    }

    kept.push(line)

    if (node != null) {
      indent = node[1]
      next = Math.max(next, Number(node[2]) + 1)
      present.add(address ?? '')
    }

    // behind the last node, or behind the last line of the section that says anything
    if (node != null || (inP2p && present.size === 0 && line.trim() !== '')) {
      insertAt = kept.length
    }
  }

  const added = [...new Set(add.map(canonical))].filter(address => !present.has(address))
    .map((address, i) => `${indent}node.${next + i}=${formatEndpoint(parseEndpoint(address))}${eol}`)

  return insertLines(kept, added, insertAt, eol)
}

function insertLines (lines: string[], added: string[], at: number, eol: string): string {
  if (added.length === 0) {
    return lines.join('')
  }

  const position = at === -1 ? lines.length : at
  const before = lines.slice(0, position).join('')
  const separator = before === '' || before.endsWith('\n') ? '' : eol

  return [before, separator, at === -1 ? `[p2p]${eol}` : '', ...added, ...lines.slice(position)].join('')
}

function canonical (address: string): string {
  return parseEndpoint(address).toString()
}

function canonicalOrNone (address: string): string | undefined {
  try {
    return canonical(address)
  } catch {
    return undefined
  }
}

/**
 * The value of a line as the ini format reads it: without quotes, and without a comment behind it.
 */
function valueOf (text: string): string {
  return text.replace(/\s*[;#].*$/, '').trim().replace(/^"(.*)"$/, '$1')
}

async function replaceFile (path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  const { mode } = await stat(path)

  try {
    const file = await open(temporary, 'w', mode & 0o777)

    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }

    await rename(temporary, path)
  } catch (err) {
    await rm(temporary, { force: true })
    throw err
  }

  // the new name must survive a power cut as well
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(async () => folder.close())
}
