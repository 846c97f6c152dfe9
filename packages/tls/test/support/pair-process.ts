import { getPeerCertificate } from '@fisco-libp2p/identity'
import { createConsortium, NODE_KEY_TYPES, TRANSPORT_CASES } from '@fisco-libp2p/test-kit'
import { CARRIERS, startNode } from './nodes.ts'
import { withTransportPair } from './transport-nodes.ts'

/**
 * A process of its own. Over both carriers all nine pairs of key types shake hands, and a dial is aborted in the tick in
 * which it resolves; a foreigner is refused; the transport passes its suite with all three key types. Prints one line of JSON. A crash of Node shows in the exit code, which the test asserts.
 */
const consortium = await createConsortium()
const versions: Record<string, string | undefined> = {}

for (const [carrier, dialler, listener] of CARRIERS.flatMap(carrier => NODE_KEY_TYPES.flatMap(dialler => NODE_KEY_TYPES.map(listener => [carrier, dialler, listener] as const)))) {
  await using a = await startNode(await consortium.identity({ keyType: dialler }), { carrier })
  await using b = await startNode(await consortium.identity({ keyType: listener }), { carrier })
  const connection = await a.libp2p.dial(b.libp2p.getMultiaddrs())

  versions[`${carrier} ${dialler}-${listener}`] = getPeerCertificate(connection)?.tlsVersion
  connection.abort(new Error('done'))

  const again = await a.libp2p.dial(b.libp2p.getMultiaddrs(), { force: true })
  again.abort(new Error('in the same tick'))
}

const failed: string[] = []
const refused: Record<string, string> = {}

for (const keyType of NODE_KEY_TYPES) {
  for (const [title, run] of Object.entries(TRANSPORT_CASES)) {
    await withTransportPair(consortium, keyType, run).catch(err => { failed.push(`${keyType}: ${title}: ${err.message}`) })
  }
}

for (const carrier of CARRIERS) {
  await using node = await startNode(await consortium.identity(), { carrier })
  await using foreigner = await startNode(await (await createConsortium({ name: 'foreign' })).identity(), { carrier })

  await foreigner.libp2p.dial(node.libp2p.getMultiaddrs()).catch(err => { refused[carrier] = err.message })
}

process.stdout.write(`${JSON.stringify({ node: process.versions.node.split('.')[0], versions, failed, refused })}\n`)
