import { runDemo } from '../demo/demo.ts'
import { Output } from '../output.ts'
import type { CommandModule } from 'yargs'

interface DemoArguments {
  once?: boolean
  dir: string
  json?: boolean
}

export const demo: CommandModule<object, DemoArguments> = {
  command: 'demo',
  describe: 'Start four nodes, show what they can do, and keep them running until Ctrl-C',
  builder: yargs => yargs.options({
    once: { type: 'boolean', describe: 'End when all is shown; exit code 0 only if all of it worked' },
    dir: { type: 'string', default: '.fisco-p2p/demo', requiresArg: true, describe: 'Folder of the demo\'s chain; made if there is none that verifies' }
  }),

  async handler (args) {
    const report = await runDemo({ dir: args.dir, once: args.once === true, output: new Output(args) })

    process.exitCode = report.ok ? 0 : 1
  }
}
