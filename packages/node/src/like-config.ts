import { dirname, join, resolve } from 'node:path'
import { editPeers } from './config-file.ts'
import { parseConfig } from './config.ts'
import { DEFAULT_ADMIN_SOCKET, DEFAULT_CA_CERT, DEFAULT_CERT, DEFAULT_DATA_PATH, DEFAULT_KEY, MAX_ADDRESSES } from './constants.ts'
import { endpointToMultiaddr, parseEndpoint } from './endpoint.ts'
import { ConfigError } from './errors.ts'

/**
 * Where a further node is, and whom it knows.
 */
export interface LikeConfigOptions {
  /**
   * Name of the node, for the comment at the top.
   */
  name: string

  /**
   * IPv4 or IPv6 address without brackets.
   */
  listenIp: string

  /**
   * 1025 to 65535.
   */
  listenPort: number

  /**
   * Whom to keep connected, as `config.ini` has them or as multiaddrs. Of more than 100 the last ones are left out.
   */
  peers: readonly string[]
}

/**
 * What becomes of a key of a section: another value, null if the line goes, undefined if it stays.
 */
type Change = (key: string) => string | null | undefined

/**
 * Files have their usual names in the new node's folder. A CRL is not among them: one node that has it is enough, the others learn of it.
 */
const OWN_FILES: Change = key => {
  const own: Record<string, string> = { data_path: DEFAULT_DATA_PATH, key: DEFAULT_KEY, cert: DEFAULT_CERT, ca_cert: DEFAULT_CA_CERT }

  return /^crl(_soft_fail)?\./.test(key) ? null : own[key]
}

/**
 * The text of a `config.ini` for one more node of a network, after that of another node. What a network has to agree on stays as it is there (lists,
 * restricted topics, `[chain]`), and so do limits and comments; address, peers and paths of files are the new node's own.
 *
 * @param text - the other node's `config.ini`
 * @param file - its name, for errors
 * @throws ConfigError if the text is not good, or would not be good afterwards
 */
export function likeConfig (text: string, file: string, { name, listenIp, listenPort, peers }: LikeConfigOptions): string {
  const other = parseConfig(text, file)
  const missing = new Map([['listen_ip', listenIp], ['listen_port', String(listenPort)]])
  const place = new Map(missing)

  const moved = editSections(text.replace(/^; Settings of .+?\. (?=Lines )/, () => `; Settings of ${name}. `), {
    p2p (key) {
      missing.delete(key)

      return place.get(key)
    },
    network_security: OWN_FILES,
    secure: OWN_FILES,
    // a node without the socket stays without
    admin: key => key === 'socket' && other.adminSocket != null ? DEFAULT_ADMIN_SOCKET : undefined
  })
  const add = peers.slice(0, MAX_ADDRESSES).map(peer => parseEndpoint(peer).toString())
  // lines of peers that both have stay where they are
  const remove = other.peers.map(String).filter(peer => !add.includes(peer))
  const changed = editPeers(insertKeys(moved, 'p2p', missing), { remove, add })
  const config = parseConfig(changed, file)
  const folder = resolve(dirname(file), DEFAULT_DATA_PATH)
  const files = [DEFAULT_KEY, DEFAULT_CERT, DEFAULT_CA_CERT].map(name => join(folder, name))

  if (!config.listen.equals(endpointToMultiaddr(listenIp, listenPort))) {
    throw new ConfigError(file, '[p2p]', 'listen_ip and listen_port are written in a way that cannot be changed: write each of them once, as in listen_port=30300')
  }

  if (![config.key, config.cert, config.caCert].every((path, i) => path === files[i]) || config.crls.length > 0) {
    throw new ConfigError(file, '[network_security]', 'the names of files are written in a way that cannot be changed: write their keys without quotes, as in data_path=./conf')
  }

  return changed
}

/**
 * Changes lines of sections, and leaves all others byte by byte.
 */
function editSections (text: string, changes: Record<string, Change>): string {
  let section = ''

  return text.split(/(?<=\n)/).map(line => {
    section = headerOf(line) ?? section

    const [, start, key, end] = /^(\s*([\w.]+)\s*=\s*).*?(\s*)$/.exec(line) ?? []
    const value = key == null || !Object.hasOwn(changes, section) ? undefined : changes[section](key)

    return value === undefined ? line : value === null ? '' : `${start}${value}${end}`
  }).join('')
}

/**
 * Puts keys at the beginning of a section, which is appended where there is none.
 */
function insertKeys (text: string, section: string, keys: ReadonlyMap<string, string>): string {
  if (keys.size === 0) {
    return text
  }

  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = `${text}${text.endsWith('\n') ? '' : eol}`.split(/(?<=\n)/)
  const header = lines.findIndex(line => headerOf(line) === section)
  const added = [...keys].map(([key, value]) => `${key}=${value}${eol}`)

  return (header === -1 ? [...lines, `[${section}]${eol}`, ...added] : lines.toSpliced(header + 1, 0, ...added)).join('')
}

function headerOf (line: string): string | undefined {
  return /^\uFEFF?\s*\[([^\]]*)\]/.exec(line)?.[1].trim()
}
