import { Restrictions } from '@fisco-libp2p/topics'
import type { RestrictedTopic } from '@fisco-libp2p/topics'

/**
 * Reads the sections `[restricted_topic.0]`, `[restricted_topic.1]` and so on: `name`, `follower.N` and `publisher.N`. Followers publish where no publisher is named.
 *
 * @param sections - by number
 * @throws Error that says what is wrong, with the section as its `where`
 */
export function parseRestrictedTopics (sections: Record<string, Record<string, string>>): Record<string, RestrictedTopic> {
  const topics: Record<string, RestrictedTopic> = {}

  for (const [number, section] of Object.entries(sections)) {
    const entries = Object.entries(section)
    const listed = (name: string): string[] => entries.filter(([key]) => new RegExp(`^${name}\\.\\d+$`).test(key)).map(([, value]) => value.trim().toLowerCase().replace(/^0x/, ''))
    const unknown = entries.find(([key]) => !/^(name|(follower|publisher)\.\d+)$/.test(key))
    const name = entries.find(([key]) => key === 'name')?.[1] ?? ''
    const [followers, publishers] = [listed('follower'), listed('publisher')]

    // a list that is not understood must not let anybody in, nor keep anybody out, in silence
    if (unknown != null || name === '') {
      throw new Error(`[restricted_topic.${number}] ${unknown == null ? 'lacks the name of the topic' : `has ${unknown[0]}: known are name, follower.*, publisher.*`}`)
    }

    if (name in topics) {
      throw new Error(`[restricted_topic.${number}] is about "${name}", as one before it`)
    }

    topics[name] = publishers.length > 0 ? { followers, publishers } : { followers }
  }

  // the rules of the names and the lists
  new Restrictions(topics, () => undefined).has('')

  return topics
}
