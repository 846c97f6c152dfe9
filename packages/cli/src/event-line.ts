import type { Output } from './output.ts'
import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * Prints what has happened: a line with the time and short node IDs, or JSON with whole ones.
 */
export function eventLine (output: Output, text: string, event: string, detail: object): void {
  output.result(`${new Date().toISOString()} ${shortIds(text)}`, { event, time: Date.now(), ...detail })
}

/**
 * A node ID short enough for a line; the same number of digits as in tables.
 */
export function shortId (nodeId: string): string {
  return nodeId.length > 8 ? `${nodeId.slice(0, 8)}…` : nodeId
}

/**
 * When a process was started, by its incarnation, which is the time of the start as a rule; another number is shown as it is.
 */
export function startTime (incarnation: number): string {
  const date = new Date(incarnation)

  return Number.isNaN(date.getTime()) ? String(incarnation) : date.toISOString()
}

/**
 * A text of the stack with short node IDs. 64 digits can be a hash that somebody has to copy: they are an ID where the text says so.
 */
export function shortIds (text: string): string {
  return text.replace(/\b[0-9a-f]{100,}\b|(?<=\bnode )[0-9a-f]{64}\b/g, shortId)
}

/**
 * A node in a line: its short ID, and its name and agency where they are known.
 */
export function nodeText ({ nodeId, name = '', agency = '' }: { nodeId: string, name?: string, agency?: string }): string {
  const facts = [name === '' ? '' : `"${name}"`, agency === '' ? '' : `agency "${agency}"`].filter(text => text !== '')

  return facts.length === 0 ? shortId(nodeId) : `${shortId(nodeId)} (${facts.join(', ')})`
}

/**
 * What is known of a node's name, though it is not connected.
 */
export function nodeFacts ({ services: { statusSeq } }: FiscoNode, nodeId: string): { nodeId: string, name?: string, agency?: string } {
  const certificate = statusSeq.get(nodeId)?.certificate

  return { nodeId, name: certificate?.commonName, agency: certificate?.issuerCommonName }
}
