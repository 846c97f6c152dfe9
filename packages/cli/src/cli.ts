import yargs from 'yargs'
import { cert } from './commands/cert.ts'
import { chainCreate } from './commands/chain-create.ts'
import { demo } from './commands/demo.ts'
import { info } from './commands/info.ts'
import { peers } from './commands/peers.ts'
import { broadcast, publish } from './commands/publish.ts'
import { reload } from './commands/reload.ts'
import { start } from './commands/start.ts'
import { status } from './commands/status.ts'
import { listen, topics } from './commands/topics.ts'
import { Output, outliveReaders, UsageError } from './output.ts'

/**
 * Runs one command.
 *
 * @param argv - the arguments behind the program's name
 * @returns the exit code: 0, or 1 after an error, which was printed as one line
 */
export async function runCli (argv: string[]): Promise<number> {
  // before the help is printed, too
  outliveReaders()

  const parser = yargs(argv)
    .scriptName('fisco-p2p')
    .usage('$0 <command>\n\nA permissioned peer-to-peer network for consortium chains')
    .option('json', { type: 'boolean', global: true, describe: 'Print JSON, one value per line' })
    .command('chain', 'Create chains and their certificates', yargs => yargs.command(chainCreate).demandCommand(1, 'Say what to do with the chain: create'))
    .command(cert)
    .command(start)
    .command(info)
    .command(peers)
    .command(status)
    .command(topics)
    .command(publish)
    .command(broadcast)
    .command(listen)
    .command(reload)
    .command(demo)
    .demandCommand(1, 'Say what to do: chain create, cert, start, info, peers, status, topics, publish, broadcast, listen, reload or demo')
    .check(checkNumbers, true)
    .strict()
    .recommendCommands()
    .parserConfiguration({ 'duplicate-arguments-array': false })
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, err) => {
      throw err ?? new UsageError(`${unknownCommand(argv, message) ?? message}; see fisco-p2p --help`)
    })

  try {
    await parser.parseAsync()

    return Number(process.exitCode ?? 0)
  } catch (err) {
    new Output({ json: argv.includes('--json') }).failure(err)

    return 1
  }
}

/**
 * yargs makes NaN of what is no number, and takes it.
 */
function checkNumbers (args: object): true {
  const [wrong] = Object.entries(args).find(([, value]) => Number.isNaN(value)) ?? []

  if (wrong != null) {
    throw new UsageError(`--${wrong} must be a number`)
  }

  return true
}

const GROUPS = ['chain', 'cert', 'peers']

/**
 * yargs calls a command that there is not an unknown argument, together with all that follow it.
 */
function unknownCommand (argv: readonly string[], message: string): string | undefined {
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1].split(', ') ?? []
  const [command, subcommand] = argv.filter(text => !text.startsWith('-'))

  return unknown.includes(command)
    ? `there is no command "${command}"`
    : GROUPS.includes(command) && unknown.includes(subcommand) ? `there is no command "${command} ${subcommand}"` : undefined
}
