/**
 * What the demo asks of a node's process, by name: arguments and result.
 */
export interface Calls {
  /** Sends a unicast request, and gives the answer and how long it took. */
  unicast: { args: { nodeId: string, text: string }, result: { answer: string, ms: number } }
  follow: { args: { topic: string }, result: object }
  /** Resolves when so many nodes are known to follow a topic. */
  untilFollowers: { args: { topic: string, count: number }, result: { followers: string[] } }
  publish: { args: { topic: string, text: string }, result: object }
  broadcast: { args: { text: string }, result: object }
  setStatus: { args: { name: string, value: string }, result: { seq: number, incarnation: number } }
}

/**
 * What a node's process reports by itself, by name.
 */
export interface Reports {
  started: { nodeId: string, name: string, agency: string, addresses: string[] }
  'peer:up': { nodeId: string, name: string }
  'peer:down': { nodeId: string }
  status: { nodeId: string, incarnation: number, seq: number, entries: Record<string, string> }
  topic: { topic: string, text: string, author: string, sequence: number }
  broadcast: { text: string, author: string, sequence: number }
  rejected: { rule: string, message: string, refusedBy: 'us' | 'them', direction: 'inbound' | 'outbound' }
  failed: { message: string }
}

/**
 * From the demo to a process.
 */
export type CallMessage = { [Name in keyof Calls]: { id: number, call: Name, args: Calls[Name]['args'] } }[keyof Calls]

/**
 * From a process to the demo.
 */
export type ProcessMessage =
  | { id: number, result: object }
  | { id: number, error: string }
  | { report: keyof Reports, detail: Reports[keyof Reports] }
