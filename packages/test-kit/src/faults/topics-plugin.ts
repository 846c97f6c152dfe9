import type { FiscoNode } from '@fisco-libp2p/node'

/**
 * Milliseconds between two rounds of messages: with 20 nodes, 25 messages a second in each of three ways, so that 50 are reliable or confirmed.
 */
const INTERVAL = 800
const SIZE = 1_024

/**
 * How long confirmations are waited for, in milliseconds: longer than any fault lasts.
 */
const ACK_TIMEOUT = 180_000

/**
 * Of each message, what tells it from all others. A broadcast has no topic.
 */
interface Numbered {
  topic?: string
  author: string
  incarnation: number
  sequence: number
}

/**
 * A plugin for `fisco-p2p start --plugin`: it follows the topics `reliable` and `confirmed`, publishes to both and broadcasts from the first SIGUSR2 until the next one, and
 * logs what it sends and what it gets. What it logs is what `checkTopics()` reads.
 */
export default function topicsLoad (node: FiscoNode, { emit, signal }: { emit (event: string, detail: object): void, signal: AbortSignal }): void {
  const { topics } = node.services
  const author = node.identity.nodeId
  let timer: NodeJS.Timeout | undefined

  const got = ({ topic = 'broadcast', author, incarnation, sequence }: Numbered): void => {
    if (author !== node.identity.nodeId) {
      emit('topic:got', { topic, id: `${author.slice(0, 16)} ${incarnation}`, sequence })
    }
  }

  const sent = (topic: string, { incarnation, sequence }: Omit<Numbered, 'author'>, confirmed = 0): void => {
    emit('topic:sent', { topic, id: `${author.slice(0, 16)} ${incarnation}`, sequence, confirmed })
  }

  const failed = (topic: string) => (err: Error): void => {
    emit('topic:failed', { topic, error: `${err.name}: ${err.message}` })
  }

  const round = (): void => {
    topics.publish('reliable', new Uint8Array(SIZE), { delivery: 'reliable' }).then(result => { sent('reliable', result) }).catch(failed('reliable'))
    topics.broadcast(new Uint8Array(SIZE)).then(result => { sent('broadcast', result) }).catch(failed('broadcast'))
    topics.publish('confirmed', new Uint8Array(SIZE), { acks: 'all', timeout: ACK_TIMEOUT, signal }).then(result => { sent('confirmed', result, result.confirmed.length) }).catch(failed('confirmed'))
  }

  const toggle = (): void => {
    if (timer == null) {
      timer = setInterval(round, INTERVAL)
    } else {
      clearInterval(timer)
      timer = undefined
    }

    emit('topic:load', { on: timer != null })
  }

  topics.follow('reliable', got, { delivery: 'reliable' })
  topics.follow('confirmed', got)
  topics.addEventListener('broadcast:message', ({ detail }) => { got(detail) })
  topics.addEventListener('topic:gap', ({ detail: { author, incarnation, from, to } }) => { emit('topic:gap', { id: `${author.slice(0, 16)} ${incarnation}`, from, to }) })
  node.services.statusSeq.addEventListener('status:change', () => { emit('topic:followers', { followers: topics.followers('confirmed').length }) })
  process.on('SIGUSR2', toggle)
  signal.addEventListener('abort', () => {
    process.off('SIGUSR2', toggle)
    clearInterval(timer)
  })
}
