import { appendFileSync } from 'node:fs'
import { createNode } from '@fisco-libp2p/node'
import { reportClones } from '../clone-reports.ts'
import { EndRequest, endWithin } from '../end-request.ts'
import { eventLine } from '../event-line.ts'
import { keyModeProblem } from '../key-mode.ts'
import { Output } from '../output.ts'
import { withPassphrase } from '../passphrase.ts'
import { reportPeers } from '../peer-reports.ts'
import { loadPlugins, startPlugins } from '../plugins.ts'
import { reportReload, reportTrust } from '../trust-reports.ts'
import type { FiscoNode } from '@fisco-libp2p/node'
import type { CommandModule } from 'yargs'

interface StartArguments {
  config: string
  plugin?: string[]
  json?: boolean
}

/**
 * Milliseconds that a node has to leave the network, and then to let go of everything.
 */
const STOP_TIMEOUT = 5_000
const AFTER_STOP = 50

export const start: CommandModule<object, StartArguments> = {
  command: 'start',
  describe: 'Start a node and keep it running until Ctrl-C',
  builder: yargs => yargs.options({
    config: { type: 'string', demandOption: true, requiresArg: true, describe: 'The node\'s config.ini' },
    plugin: { type: 'string', array: true, requiresArg: true, describe: 'An ES module with a protocol of yours; may be given several times' }
  }).example('$0 start --config chain/nodes/node0/config.ini', 'start node0'),

  async handler (args) {
    const output = new Output(args)
    // from the beginning: who asks it to end while it starts is heard as well
    const running: { node?: FiscoNode } = {}
    using end = new EndRequest(() => { reloadNow(output, running.node) })
    const plugins = await loadPlugins(args.plugin ?? [])
    const node = await withPassphrase(async passphrase => {
      return createNode({ config: args.config, passphrase, keyLog: keyLog(output), start: false, onReload: report => { reportReload(report, output) } })
    })
    const stopping = new AbortController()

    running.node = node
    reportWarnings(node, output)
    await reportKeyMode(node, output)
    reportPeers(node, output)
    reportClones(node, output)
    reportTrust(node, output)
    // before the node starts, so that their handlers are there for the first connection
    await startPlugins(plugins, node, output, stopping.signal)
    await node.start()
    reportStart(node, output)
    const reason = await end.promise
    output.result(`stopping (${reason})`, { event: 'stopping', reason })
    stopping.abort()
    endWithin(STOP_TIMEOUT)
    await node.stop()
    // libp2p 3.3 can leave timers of up to 30 s behind (an address book that is about to be written, a repeating task)
    endWithin(AFTER_STOP)
  }
}

/**
 * SIGHUP: what came of it is reported as that of every reload.
 */
function reloadNow (output: Output, node?: FiscoNode): void {
  node?.reload?.().catch((err: Error) => { output.warning(`reload: ${err.message}`) })
}

/**
 * Session keys are written to the file that FISCO_P2P_KEYLOG names, for captures that somebody wants to read.
 */
function keyLog (output: Output): ((line: Uint8Array) => void) | undefined {
  const file = process.env.FISCO_P2P_KEYLOG

  if (file == null || file === '') {
    return undefined
  }

  output.warning(`FISCO_P2P_KEYLOG is set: the session keys of all connections go to ${file}; whoever has that file reads all traffic`)

  return line => { appendFileSync(file, line, { mode: 0o600 }) }
}

/**
 * Settings that have no effect, or not the one that was meant.
 */
function reportWarnings ({ config }: FiscoNode, output: Output): void {
  for (const warning of config?.warnings ?? []) {
    eventLine(output, `warning: ${config?.file}: ${warning}`, 'warning', { warning })
  }
}

/**
 * A node starts with such a key all the same: it is the operator who knows who has an account on this machine.
 */
async function reportKeyMode ({ config }: FiscoNode, output: Output): Promise<void> {
  const warning = config == null ? undefined : await keyModeProblem(config.key)

  if (warning != null) {
    eventLine(output, `warning: ${config?.key}: ${warning}`, 'warning', { warning: `${config?.key}: ${warning}` })
  }
}

function reportStart (node: FiscoNode, output: Output): void {
  const { nodeId, peerId, name, agency } = node.identity
  const addresses = node.getMultiaddrs().map(String)

  output.result(`${new Date().toISOString()} node ${nodeId} ("${name}", agency "${agency}") listens on ${addresses.join(', ')}`, {
    event: 'started', time: Date.now(), nodeId, peerId: peerId.toString(), name, agency, addresses
  })
}
