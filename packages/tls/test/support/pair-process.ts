import { getPeerFacts } from '@fisco-libp2p/identity'
import { createConsortium, NODE_KEY_TYPES } from '@fisco-libp2p/test-kit'
import { startNode } from './nodes.ts'

/**
 * A process of its own: all nine pairs of key types shake hands, and a foreigner is refused; then an abort in the tick
 * in which the dial resolves. Prints one line of JSON. A crash of Node shows in the exit code, which the test asserts.
 */
const consortium = await createConsortium()
const versions: Record<string, string | undefined> = {}

for (const dialler of NODE_KEY_TYPES) {
  for (const listener of NODE_KEY_TYPES) {
    await using a = await startNode(await consortium.identity({ keyType: dialler }))
    await using b = await startNode(await consortium.identity({ keyType: listener }))
    const connection = await a.libp2p.dial(b.libp2p.getMultiaddrs())

    versions[`${dialler}-${listener}`] = getPeerFacts(connection)?.tlsVersion
    connection.abort(new Error('done'))

    const again = await a.libp2p.dial(b.libp2p.getMultiaddrs(), { force: true })
    again.abort(new Error('in the same tick'))
  }
}

await using node = await startNode(await consortium.identity())
await using foreigner = await startNode(await (await createConsortium({ name: 'foreign' })).identity())
const refused: unknown = await foreigner.libp2p.dial(node.libp2p.getMultiaddrs()).catch(err => err)

process.stdout.write(`${JSON.stringify({ node: process.versions.node.split('.')[0], versions, refused: refused instanceof Error ? refused.message : undefined })}\n`)
