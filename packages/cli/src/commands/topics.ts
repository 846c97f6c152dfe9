import { AdminClient } from '../admin-client.ts'
import { EndRequest } from '../end-request.ts'
import { Output, outliveReaders, UsageError } from '../output.ts'
import { listenText, topicsTable } from '../topics-table.ts'
import { CONFIG_OPTION } from './info.ts'
import type { ListenEntry, TopicEntry } from '@fisco-libp2p/admin'
import type { CommandModule } from 'yargs'

interface TopicsArguments {
  config: string
  json?: boolean
}

interface ListenArguments extends TopicsArguments {
  topics?: string[]
  broadcast?: boolean
  reliable?: boolean
}

export const topics: CommandModule<object, TopicsArguments> = {
  command: 'topics',
  describe: 'List the topics of the network, and who follows them',
  builder: yargs => yargs.options({ config: CONFIG_OPTION }),

  async handler (args) {
    const all = await (await AdminClient.of(args.config)).call<TopicEntry[]>('GET', '/v1/topics')

    new Output(args).result(topicsTable(all), all)
  }
}

export const listen: CommandModule<object, ListenArguments> = {
  command: 'listen [topics..]',
  describe: 'Print the messages of topics as they come; the running node follows them for as long',
  builder: yargs => yargs
    // else only the last of several topics would be left
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .positional('topics', { type: 'string', array: true, describe: 'Names of topics' })
    .options({
      config: CONFIG_OPTION,
      broadcast: { type: 'boolean', describe: 'Print broadcasts as well' },
      reliable: { type: 'boolean', describe: 'Have what is missed fetched, and print the messages of each author in their order' }
    }),

  async handler ({ topics: names = [], broadcast = false, reliable = false, ...args }) {
    if (names.length === 0 && !broadcast) {
      throw new UsageError('name at least one topic, or say --broadcast')
    }

    using end = new EndRequest()
    const controller = new AbortController()
    const output = new Output(args)
    const query = new URLSearchParams([...names.map((name): [string, string] => ['topic', name]), ['broadcast', String(broadcast)], ['reliable', String(reliable)]])
    const client = await AdminClient.of(args.config)

    end.promise.then(() => { controller.abort() }, () => {}) // it never rejects
    // nobody is left to print for
    outliveReaders().addEventListener('abort', () => { controller.abort() }, { once: true })
    await client.listen<ListenEntry>(`/v1/topics/listen?${query}`, controller.signal, entry => {
      output.result(listenText(entry), entry)

      if (entry.event === 'lagging') {
        throw new UsageError('this command reads too slowly: the node no longer tells it anything')
      }
    })
  }
}
