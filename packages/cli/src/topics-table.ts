import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import pc from 'picocolors'
import type { ListenEntry, SentEntry, TopicEntry } from '@fisco-libp2p/admin'

/**
 * Longest list of names in the table, and longest message that is shown as a whole, in characters; `--json` has all of them.
 */
const MAX_NAMES = 60
const MAX_TEXT = 2_048

/**
 * All topics as a table for people.
 */
export function topicsTable (topics: readonly TopicEntry[]): string {
  if (topics.length === 0) {
    return 'no node follows a topic'
  }

  const table = new Table({ head: ['topic', 'followers', 'nodes', 'this node', 'access'], style: { head: [], border: [] } })

  for (const { topic, followers, following, restricted, differs } of topics) {
    table.push([topic, followers.length, cut(followers.map(({ Node }) => Node).join(', '), MAX_NAMES), following ? pc.green('follows') : '', restricted ? accessOf(differs.map(({ Node }) => Node)) : 'everybody'])
  }

  return table.toString()
}

function accessOf (differs: string[]): string {
  return differs.length === 0 ? 'restricted' : `restricted, ${pc.red(cut(`${differs.join(', ')} ${differs.length === 1 ? 'has another list' : 'have other lists'}`, MAX_NAMES))}`
}

/**
 * What became of a message, in a sentence.
 */
export function sentText ({ sequence, recipients, followers, local, confirmed }: SentEntry, hasAsked: boolean, isBroadcast = false): string {
  // nobody follows a broadcast: it is for all
  const others = isBroadcast
    ? `${followers} other ${followers === 1 ? 'node is' : 'nodes are'} in the network`
    : `${followers} other ${followers === 1 ? 'node follows' : 'nodes follow'}${local ? ', and this one' : ''}`

  return hasAsked
    ? `message ${sequence} is confirmed by ${confirmed.length}; ${others}`
    : `message ${sequence} was handed to ${recipients} ${recipients === 1 ? 'neighbour' : 'neighbours'}; ${others}`
}

/**
 * A line of what is heard, for people.
 */
export function listenText (entry: ListenEntry): string {
  const time = pc.dim(new Date(entry.time).toISOString().slice(11, 23))
  const where = `${entry.Node !== '' && entry.Node != null ? entry.Node : `${entry.NodeID?.slice(0, 8)}…`} ${entry.topic == null ? pc.magenta('to all') : pc.cyan(entry.topic)}`

  switch (entry.event) {
    case 'message':
      return `${time} ${where} ${entry.sequence}: ${dataText(Buffer.from(entry.data ?? '', 'base64'))}`
    case 'gap':
      return `${time} ${where} ${pc.red(`${entry.from} to ${entry.to} are lost`)}`
    case 'lagging':
      return pc.red('this command reads too slowly: the node no longer tells it anything')
    default:
      return pc.dim('listening; end it with Ctrl-C')
  }
}

/**
 * Text where it is text, without what a terminal would obey; hexadecimal digits else.
 */
function dataText (data: Uint8Array): string {
  const text = new TextDecoder().decode(data)
  // what another node wrote must not steer the terminal of who reads it
  const plain = stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ')

  return text.includes('\ufffd') ? cut(`0x${Buffer.from(data).toString('hex')}`, MAX_TEXT) : cut(plain, MAX_TEXT)
}

function cut (text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
