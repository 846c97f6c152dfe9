import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { AdminClient } from '../admin-client.ts'
import { findNode } from '../find-node.ts'
import { Output, UsageError } from '../output.ts'
import { sentText } from '../topics-table.ts'
import { CONFIG_OPTION } from './info.ts'
import type { SentEntry, StatusEntry } from '@fisco-libp2p/admin'
import type { CommandModule } from 'yargs'

interface SendArguments {
  message?: string
  file?: string
  acks?: string
  timeout?: number
  config: string
  json?: boolean
}

interface PublishArguments extends SendArguments {
  topic: string
  reliable?: boolean
  to?: string[]
}

/**
 * A message that was to be confirmed by all, and there is nobody. Named as the error of a node that waited in vain.
 */
class NobodyConfirmedError extends UsageError {
  static name = 'NotConfirmedError'

  constructor (message: string) {
    super(message)
    this.name = 'NotConfirmedError'
  }
}

/**
 * Milliseconds that a node waits for confirmations unless it is told otherwise.
 */
const ACK_TIMEOUT = 10_000

/**
 * The shortest node ID is that of an Ed25519 key.
 */
const WHOLE_ID = /^(0x)?[0-9a-f]{64,}$/i

const SEND_OPTIONS = {
  config: CONFIG_OPTION,
  file: { type: 'string', requiresArg: true, describe: 'Send what is in this file; - for standard input' },
  acks: { type: 'string', requiresArg: true, describe: 'Wait until so many nodes have confirmed: a number, or all (at least one); an error if they do not in time' },
  timeout: { type: 'number', requiresArg: true, describe: `Milliseconds to wait for them; ${ACK_TIMEOUT} unless it is given` }
} as const

export const publish: CommandModule<object, PublishArguments> = {
  command: 'publish <topic> [message]',
  describe: 'Have a running node publish a message to the followers of a topic',
  builder: yargs => yargs
    // else only the last of several nodes would be left
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .positional('topic', { type: 'string', demandOption: true })
    .positional('message', { type: 'string', describe: 'The text to send' })
    .options({
      ...SEND_OPTIONS,
      reliable: { type: 'boolean', describe: 'Keep it for followers that miss it' },
      to: { type: 'string', array: true, requiresArg: true, describe: 'Names of the followers that alone get it, and confirm it, or their node IDs or the beginnings of those' }
    }),

  async handler ({ topic, reliable, to, ...args }) {
    await send(args, '/v1/topics/publish', { topic, to: to == null ? undefined : await nodeIds(to, args.config), delivery: reliable === true ? 'reliable' : undefined }, to != null)
  }
}

export const broadcast: CommandModule<object, SendArguments> = {
  command: 'broadcast [message]',
  describe: 'Have a running node send a message to all other nodes',
  builder: yargs => yargs.positional('message', { type: 'string', describe: 'The text to send' }).options(SEND_OPTIONS),

  async handler (args) {
    await send(args, '/v1/topics/broadcast', {}, false, true)
  }
}

/**
 * A whole node ID is taken as it is: the node decides whether it can be reached.
 */
async function nodeIds (texts: readonly string[], config: string): Promise<string[]> {
  if (texts.every(text => WHOLE_ID.test(text))) {
    return [...texts]
  }

  const nodes = await (await AdminClient.of(config)).call<StatusEntry[]>('GET', '/v1/status')

  return texts.map(text => WHOLE_ID.test(text) ? text : findNode(nodes, text).NodeID)
}

async function send (args: SendArguments, path: string, fields: object, isConfirmed: boolean, isBroadcast = false): Promise<void> {
  const acks = args.acks == null || args.acks === 'all' ? args.acks : Number(args.acks)

  if (typeof acks === 'number' && !Number.isInteger(acks)) {
    throw new UsageError(`--acks is a number or all, not ${args.acks}`)
  }

  const data = await readData(args)
  const client = await AdminClient.of(args.config)
  const sent = await client.call<SentEntry>('POST', path, { ...fields, data: data.toString('base64'), acks, timeout: args.timeout }, args.timeout ?? ACK_TIMEOUT)

  const hasAsked = isConfirmed || (acks != null && acks !== 0)

  // for the node all of nobody have confirmed; who asks for it here wants to know that somebody has it
  if (hasAsked && sent.confirmed.length === 0) {
    throw new NobodyConfirmedError(`message ${sent.sequence} was sent, and nobody has confirmed it: ${isBroadcast ? 'no other node is in the network' : 'no other node follows the topic'}`)
  }

  new Output(args).result(sentText(sent, hasAsked, isBroadcast), sent)
}

async function readData ({ message, file }: SendArguments): Promise<Buffer> {
  if ((message == null) === (file == null)) {
    throw new UsageError('say what to send: a message, or --file (one of them)')
  }

  return message != null ? Buffer.from(message) : file === '-' ? buffer(process.stdin) : readFile(file ?? '')
}
