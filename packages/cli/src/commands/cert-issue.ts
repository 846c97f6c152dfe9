import { readFile } from 'node:fs/promises'
import { addNode, DEFAULT_DAYS, formatEndpoint } from '@fisco-libp2p/ca'
import { shownPath } from '../crl-text.ts'
import { Output, UsageError } from '../output.ts'
import { withPassphrase } from '../passphrase.ts'
import { knownNodes, placedConfig, placeNode, undefinedIfMissing } from '../place-node.ts'
import { CHAIN_OPTION } from './cert-crl.ts'
import type { KnownNode, Place } from '../place-node.ts'
import type { AddedNode } from '@fisco-libp2p/ca'
import type { CommandModule } from 'yargs'

interface CertIssueArguments {
  name: string
  chain: string
  csr?: string
  'key-type'?: 'secp256k1' | 'ed25519' | 'rsa'
  days: number
  listen?: string
  host?: string
  port?: number
  json?: boolean
}

/**
 * A node's folder as it was written, and the nodes that were there before.
 */
interface Issued {
  node: AddedNode
  place: Place
  like?: KnownNode
  hasKey: boolean
}

export const certIssue: CommandModule<object, CertIssueArguments> = {
  command: 'issue <name>',
  describe: 'Issue key and certificate for one more node, and write its folder',
  builder: yargs => yargs.positional('name', { type: 'string', demandOption: true, describe: 'Name of the new node, and of its folder in nodes' }).options({
    chain: CHAIN_OPTION,
    csr: { type: 'string', requiresArg: true, describe: 'Certify the key of this certificate request (PKCS#10, PEM), which stays where it is, instead of a new one' },
    'key-type': { choices: ['secp256k1', 'ed25519', 'rsa'] as const, requiresArg: true, describe: 'Kind of the new key; that of the agency unless it is given' },
    days: { type: 'number', default: DEFAULT_DAYS, requiresArg: true, describe: 'Days of validity; not beyond the agency\'s own end' },
    listen: { type: 'string', requiresArg: true, describe: 'IP address that the node listens on; that of the first node unless it is given' },
    host: { type: 'string', requiresArg: true, describe: 'IP address or name at which the others reach it; the address that it listens on unless it is given' },
    port: { type: 'number', requiresArg: true, describe: 'Port; the next one after those of the nodes on the same host unless it is given' }
  }).example('$0 cert issue node4 --chain chain', 'a fifth node').example('$0 cert issue node4 --chain chain --csr node4.csr', 'the same, whose key was made elsewhere'),

  async handler (args) {
    const { name, chain, days } = args
    const output = new Output(args)
    const csr = args.csr == null ? undefined : await readRequestFile(args.csr)
    let issued: Omit<Issued, 'node'> | undefined

    const node = await withPassphrase(async passphrase => addNode({
      chain,
      name,
      csr,
      keyType: args['key-type'],
      days,
      passphrase,
      async files () {
        const nodes = await knownNodes(chain)
        const [like] = nodes
        const place = placeNode(nodes, args)
        issued = { place, like, hasKey: csr == null }

        return { config: placedConfig(name, place, like), ca: await trustedBy(like) }
      }
    }))

    if (issued != null) {
      output.result(describe({ ...issued, node }), { ...node, endpoint: issued.place.endpoint, peers: issued.place.others })
      warn(output, { ...issued, node })
    }
  }
}

/**
 * The CAs that another node trusts: there are several while one comes or goes. The chain's own where that node's file is not here.
 */
async function trustedBy (like?: KnownNode): Promise<string | undefined> {
  return like == null ? undefined : readFile(like.config.caCert, 'utf8').catch(undefinedIfMissing)
}

async function readRequestFile (file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (err) {
    throw new UsageError(`${file}: ${err.code === 'ENOENT' ? 'the file does not exist' : err.message}`)
  }
}

function describe ({ node, place, like, hasKey }: Issued): string {
  const { config: { allow = [], restrictedTopics = {} } = {} } = like ?? {}
  const address = formatEndpoint(place.endpoint)

  return [
    `Issued ${node.name} (node ${node.nodeId}) until ${node.notAfter.toISOString()}, serial ${node.serial}.`,
    `Its folder is ${shownPath(node.dir)}. It listens on ${formatEndpoint({ host: place.listenIp, port: place.endpoint.port })}.`,
    '',
    'Next:',
    `- Carry the folder to the node's machine; it needs nothing else${hasKey ? '' : ', but its private key: put that into conf/node.key, readable for its user alone (chmod 600)'}.`,
    ...allow.length === 0 ? [] : [`- There is a [certificate_whitelist]: put cal.N=${node.nodeId} into that of every node.`],
    ...Object.keys(restrictedTopics).length === 0 ? [] : ['- There are restricted topics: where it shall use them, put its node ID into [restricted_topic.N] of every node.'],
    `- Start it: fisco-p2p start --config ${shownPath(node.config)}`,
    `- It dials the others, and they accept it. So that they dial it as well, tell each of them: fisco-p2p peers add ${address} --save --config <its config.ini>`
  ].join('\n')
}

function warn (output: Output, { node, place }: Issued): void {
  if (place.others.length === 0) {
    output.warning(`no other node's config.ini was found in the chain's folder: put the addresses of the others into ${shownPath(node.config)}, as node.N= of [p2p], and [chain] id where that is not 1`)
  }
}
