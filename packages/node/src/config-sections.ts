import { ConfigError } from './errors.ts'
import { IniHeaderError, parseIni } from './ini-file.ts'
import type { IniEntry, IniSection } from './ini-file.ts'

/**
 * A section's keys and values.
 */
export type Section = Record<string, string>

/**
 * The sections of a `config.ini` that a node knows.
 */
export interface Sections {
  /**
   * @param name - as FISCO BCOS has it now; empty if the file does not have it
   */
  get (name: string): Section

  /**
   * The sections `[restricted_topic.N]`, by what stands behind the dot.
   */
  restrictedTopics: Record<string, Section>

  /**
   * What looks like a mistake and lets nobody in.
   */
  warnings: string[]
}

interface Rules {
  /**
   * Keys that have an effect; those with a number are written `node.*`.
   */
  used: string[]

  /**
   * Keys that FISCO BCOS knows and this stack has no use for.
   */
  ignored?: string[]

  /**
   * The name under which FISCO BCOS's older files have the section.
   */
  alias?: string

  /**
   * Does it decide who may come in? Its name must not be mistyped then.
   */
  guards?: boolean

  /**
   * Is it a list of who may come in? Each of its lines must be understood then.
   */
  list?: boolean
}

/**
 * Other sections are FISCO BCOS's own and are left alone.
 */
const KNOWN: Record<string, Rules> = {
  p2p: { guards: true, used: ['listen_ip', 'listen_port', 'node.*', 'max_nodes', 'max_unconfigured_nodes', 'link_timeout_ms', 'max_retry_delay_ms'], ignored: ['enable_compress', 'peers_param_limit', 'max_nodes_limit', 'connection_warning'] },
  network_security: { guards: true, alias: 'secure', used: ['data_path', 'key', 'cert', 'ca_cert', 'policy', 'crl.*', 'crl_soft_fail.*'], ignored: ['ca_path'] },
  flow_control: { used: ['outgoing_bandwidth_limit', 'outgoing_bandwidth_limit_per_peer'], ignored: ['limit_req'] },
  admin: { used: ['socket'] },
  certificate_blacklist: { guards: true, list: true, alias: 'crl', used: ['crl.*', 'serial.*'] },
  certificate_whitelist: { guards: true, list: true, alias: 'cal', used: ['cal.*'] },
  chain: { guards: true, used: ['id', 'network_id'], ignored: ['sm_crypto', 'sm_crypto_channel', 'rsa_crypto_channel'] }
}

const RESTRICTED_TOPIC = 'restricted_topic'

/**
 * From where on entries of a list are numbered that have the number of another one: a list loses nobody.
 */
const OUT_OF_THE_WAY = 1_000_000_000

/**
 * All names of known sections, and the ones they are known by.
 */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(KNOWN).flatMap(([name, { alias }]) => [[name, name], [alias ?? name, name]] as Array<[string, string]>),
  [RESTRICTED_TOPIC, RESTRICTED_TOPIC]
])

/**
 * Reads the sections of a `config.ini`. Of what is there twice the last counts, as the `ini` format has it; in the lists of who may come in all.
 *
 * @param file - its name, for errors
 * @throws ConfigError if a line may change who is let in and is not understood, or if the text is no `config.ini`
 */
export function readSections (text: string, file: string): Sections {
  const found = new Map<string, Found>()
  const warnings: string[] = []

  for (const section of readIni(text, file)) {
    const name = knownName(section.name)

    if (name == null) {
      warnings.push(...judgeUnknown(section, file))
    } else {
      const before = found.get(name)
      found.set(name, before ?? { values: Object.create(null), lines: new Map(), section })
      warnings.push(...before == null ? [] : [twice(before.section, section)], ...take(name, section, found.get(name) as Found, file))
    }
  }

  if (found.size === 0) {
    throw new ConfigError(file, '', `it has none of the sections that a node knows (${Object.keys(KNOWN).map(name => `[${name}]`).join(', ')}): a node does not start from defaults alone, write at least [p2p]`)
  }

  const topics = [...found].filter(([name]) => name.startsWith(`${RESTRICTED_TOPIC}.`)).map(([name, { values }]) => [name.slice(RESTRICTED_TOPIC.length + 1), values])

  return { get: name => found.get(name)?.values ?? {}, restrictedTopics: Object.fromEntries(topics), warnings }
}

interface Found {
  values: Section
  lines: Map<string, number>

  /**
   * The first of them.
   */
  section: IniSection
}

function readIni (text: string, file: string): IniSection[] {
  if (text.includes('\0')) {
    throw new ConfigError(file, '', 'it is no text in UTF-8 (UTF-16, or no text at all): save it as UTF-8')
  }

  try {
    return parseIni(text)
  } catch (err) {
    throw err instanceof IniHeaderError ? new ConfigError(file, `line ${err.line}`, err.message, { cause: err }) : err
  }
}

function knownName (written: string): string | undefined {
  return written.startsWith(`${RESTRICTED_TOPIC}.`) ? written : written === RESTRICTED_TOPIC ? undefined : NAMES.get(written)
}

/**
 * Puts the lines of a section to those that were read before under its name.
 */
function take (name: string, section: IniSection, { values, lines }: Found, file: string): string[] {
  return section.entries.flatMap(entry => {
    const { key, value, line } = entry
    const problem = problemOf(name, entry)
    const before = lines.get(key)

    if (problem != null && KNOWN[name].list === true) {
      throw new ConfigError(file, `[${section.name}] ${key}`, `${problem}. A list that is not understood would let in whom it keeps out`)
    }

    if (problem != null) {
      return [`[${section.name}] ${key} has no effect: ${problem}`]
    }

    if (before != null && KNOWN[name]?.list === true) {
      // a number that nobody writes; who does is on the list as well
      const free = `${key.slice(0, key.lastIndexOf('.'))}.${OUT_OF_THE_WAY + line}`
      lines.set(free, line)
      values[free] = value ?? ''

      return [`[${section.name}] ${key} is there twice, in the lines ${before} and ${line}: both count; give one of them a number that is free`]
    }

    lines.set(key, line)
    values[key] = value ?? ''

    return before == null ? [] : [`[${section.name}] ${key} is there twice, in the lines ${before} and ${line}: the last one counts, with "${value}"; ${/\.\d+$/.test(key) ? 'give the other one a number that is free, or remove it' : 'remove the other one'}`]
  })
}

/**
 * @returns why a line has no effect, and what would have one
 */
function problemOf (name: string, { key, value }: IniEntry): string | undefined {
  const rules = KNOWN[name]

  // the keys of restricted topics are judged where their lists are
  if (rules == null) {
    return undefined
  }

  const numbered = rules.used.find(known => known.endsWith('.*') && key.startsWith(known.slice(0, -1)))?.slice(0, -2)
  const known = [...rules.used, ...rules.ignored ?? []]

  if (numbered != null && !/^\d+$/.test(key.slice(numbered.length + 1))) {
    return `the part behind the dot must be a number, as in ${numbered}.0=`
  }

  if (numbered == null && !known.includes(key)) {
    return `it is unknown; known are ${rules.used.map(form => form.replace('*', 'N')).join(', ')}${rules.list === true ? ', where N is a number' : ''}`
  }

  return value == null ? `it lacks the "=", as in ${key}=` : undefined
}

function twice (first: IniSection, again: IniSection): string {
  const names = first.name === again.name ? `[${again.name}] is there twice` : `[${first.name}] and [${again.name}] are the same section`

  const isList = KNOWN[knownName(again.name) ?? '']?.list === true

  return `${names}, in the lines ${first.line} and ${again.line}: ${isList ? 'all that stands in both counts' : 'the keys of both count, and of a key that both have the last one'}; put them together`
}

/**
 * What is nearly the name of a section that a node knows is meant to be that; all others are FISCO BCOS's own.
 *
 * @throws ConfigError if that decides who may come in
 */
function judgeUnknown ({ name, line, entries }: IniSection, file: string): string[] {
  if (name === '') {
    return entries.map(({ key, line }) => `line ${line}: ${key} stands before the first section, and has no effect`)
  }

  const meant = nearest(name)

  if (meant == null) {
    return []
  }

  const known = NAMES.get(meant) ?? meant
  const what = `there is no such section; [${meant}${meant === RESTRICTED_TOPIC ? '.N' : ''}] is meant, it seems`

  // entries that do not count would let in whom they keep out
  if (known === RESTRICTED_TOPIC || KNOWN[known].guards === true) {
    throw new ConfigError(file, `[${name}]`, `${what} (line ${line}). It decides who may come in, so the node does not go on without it: correct the name, or remove the section`)
  }

  return [`[${name}] has no effect: ${what}; correct the name, or remove the section`]
}

function nearest (name: string): string | undefined {
  // a number behind a section that has none is a mistake of the same kind
  const written = [name, name.split('.')[0]].map(text => text.toLowerCase())
  const distances = [...NAMES.keys()].map(known => ({ known, distance: Math.min(...written.map(text => distanceOf(text, known))) }))
  const [best] = distances.filter(({ known, distance }) => distance <= tolerance(known)).sort((a, b) => a.distance - b.distance)

  return best?.known
}

/**
 * In three letters two others are no slip: FISCO BCOS 3 has a section `[cert]`, which is not `[crl]`.
 */
function tolerance (known: string): number {
  return known.length <= 3 ? 1 : 2
}

/**
 * How many letters must be put in, left out or exchanged to make one text of the other.
 */
function distanceOf (from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)

  // a long text is far from all names, and need not be gone through
  for (const [i, letter] of [...from.slice(0, to.length + 3)].entries()) {
    const next = [i + 1]

    for (let j = 0; j < to.length; j++) {
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (letter === to[j] ? 0 : 1)))
    }

    row = next
  }

  return row[to.length]
}
