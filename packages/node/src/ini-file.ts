import { unsafe } from 'ini'

/**
 * A line of a section.
 */
export interface IniEntry {
  key: string

  /**
   * Undefined where the line has no `=`.
   */
  value?: string
  line: number
}

/**
 * A section as it is written, also one of a name that was there before.
 */
export interface IniSection {
  /**
   * Empty for what stands before the first header.
   */
  name: string
  line: number
  entries: IniEntry[]
}

/**
 * A line that looks like the header of a section and is none.
 */
export class IniHeaderError extends Error {
  static name = 'IniHeaderError'

  constructor (readonly line: number, text: string) {
    super(`"${text}" is no header of a section: write it as [name], with both brackets, and nothing but a comment behind it`)
    this.name = 'IniHeaderError'
  }
}

/**
 * Reads lines one by one, with their numbers. The `ini` package decodes keys and values; it does not read the file, because it takes a header that it does not
 * understand for a key of the section above, and of what is there twice shows the last alone.
 *
 * @throws IniHeaderError
 */
export function parseIni (text: string): IniSection[] {
  const sections: IniSection[] = [{ name: '', line: 0, entries: [] }]

  // a byte order mark would become part of the first section's name
  for (const [i, raw] of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/).entries()) {
    const content = raw.trim()

    if (content === '' || /^[;#]/.test(content)) {
      continue
    }

    if (content.startsWith('[') || /^[\w.]+\s*\]\s*([;#].*)?$/.test(content)) {
      sections.push({ name: headerOf(content, i + 1), line: i + 1, entries: [] })
    } else {
      sections[sections.length - 1].entries.push(entryOf(content, i + 1))
    }
  }

  return sections
}

function headerOf (content: string, line: number): string {
  const name = /^\[([^[\]]*)\]\s*([;#].*)?$/.exec(content)?.[1].trim()

  if (name == null || name === '') {
    throw new IniHeaderError(line, content.slice(0, 60))
  }

  return name
}

function entryOf (content: string, line: number): IniEntry {
  const at = content.indexOf('=')

  // a quoted value may be a number in JSON
  return at === -1
    ? { key: String(unsafe(content)), line }
    : { key: String(unsafe(content.slice(0, at))), value: String(unsafe(content.slice(at + 1))), line }
}
