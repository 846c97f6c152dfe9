// What an example waits for before it asks the other node: that it is connected and has told who follows what.
export async function connected (node, nodeId) {
  const { peers, statusSeq } = node.services
  const known = () => peers.members().some((member) => member.nodeId === nodeId) && statusSeq.get(nodeId)?.entries.has('ready')

  while (!known()) {
    await new Promise((resolve) => {
      peers.addEventListener('peer:up', resolve, { once: true })
      statusSeq.addEventListener('status:change', resolve, { once: true })
    })
  }
}
