import { writeFile } from 'node:fs/promises'
import { chainFolder, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { run, Running } from './support/run.ts'
import type { Result } from './support/run.ts'

describe('fisco-p2p topics, publish, broadcast and listen', () => {
  it('send messages over running nodes, and print them as they come', async () => {
    await using folder = await temporaryFolder()
    const chain = await chainFolder(folder.join('chain'), { nodes: 2 })
    const [a, b] = chain.nodes
    const ask = async (...args: string[]): Promise<Result> => run([...args, '--config', a.config])
    const good = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await ask(...args)
      expect(code, stderr).to.equal(0)

      return stdout
    }

    const nodes = [new Running(['start', '--config', a.config, '--json']), new Running(['start', '--config', b.config, '--json'])]
    let listener: Running | undefined

    try {
      await nodes[0].event(({ event }) => event === 'peer:up')
      expect(await good('topics')).to.equal('no node follows a topic\n')
      expect((await ask('listen')).stderr).to.equal('error: name at least one topic, or say --broadcast\n')

      listener = new Running(['listen', 'prices', 'blocks', '--broadcast', '--reliable', '--config', b.config, '--json'])
      await listener.event(({ event }) => event === 'listening')

      while (!/blocks[^]*prices/.test(await good('topics'))) {
        // the status of the node that listens is on its way
      }

      const confirmed = JSON.parse(await good('publish', 'prices', 'first', '--acks', '1', '--json'))
      expect(confirmed).to.deep.include({ sequence: 1, followers: 1, local: false, confirmed: [b.nodeId] })
      expect(await listener.event(({ sequence }) => sequence === 1)).to.deep.include({ event: 'message', topic: 'prices', Node: 'node0', NodeID: a.nodeId, data: Buffer.from('first').toString('base64') })
      expect(await good('publish', 'prices', 'second', '--reliable')).to.equal('message 2 was handed to 1 neighbour; 1 other node follows\n')
      expect(await good('publish', 'blocks', 'for you', '--to', 'node1')).to.equal('message 1 is confirmed by 1; 1 other node follows\n')
      expect((await ask('publish', 'blocks', 'x', '--to', 'node9')).stderr).to.contain('no node is known by the name or node ID "node9"')
      await writeFile(folder.join('data'), Uint8Array.of(1, 255))
      expect(await good('broadcast', '--file', folder.join('data'), '--acks', 'all')).to.equal('message 1 is confirmed by 1; 1 other node is in the network\n')
      expect(await listener.event(({ event, topic }) => event === 'message' && topic == null)).to.include({ Node: 'node0', data: 'Af8=' })

      expect(JSON.parse(await good('topics', '--json'))).to.deep.equal(['blocks', 'prices'].map(topic => {
        return { topic, followers: [{ Node: 'node1', NodeID: b.nodeId }], following: false, restricted: false, differs: [] }
      }))
      expect(await good('topics')).to.match(/prices .*1 .*node1 .*everybody/)

      expect((await ask('publish', 'prices')).stderr).to.contain('say what to send')
      expect((await ask('publish', 'prices', 'x', '--acks', 'some')).stderr).to.contain('--acks is a number or all, not some')
      expect((await ask('publish', ' ', 'x')).stderr).to.contain('white space')

      // it follows for as long as it listens
      expect(await listener.end()).to.equal(0)
      let left = 'prices'

      while (left.includes('prices')) {
        left = await good('topics')
      }
    } finally {
      await listener?.end()
      await Promise.all(nodes.map(async node => node.end()))
    }
  }).timeout(120_000)

  it('exit with an error where a confirmation is asked for and nobody is there to give it', async () => {
    await using folder = await temporaryFolder()
    const { nodes: [{ config }] } = await chainFolder(folder.join('chain'), { nodes: 1 })
    const node = new Running(['start', '--config', config, '--json'])
    const send = async (...args: string[]): Promise<Result> => run([...args, '--config', config])

    try {
      await node.event(({ event }) => event === 'started')
      expect(await send('publish', 'prices', 'x', '--acks', '1', '--timeout', '50')).to.include({
        code: 1, stderr: 'error: nobody has confirmed, and 1 was asked for: no other node is known to follow\n'
      })
      const nobody = await send('publish', 'prices', 'x', '--acks', 'all', '--json')
      expect(nobody).to.include({ code: 1, stderr: 'error: message 2 was sent, and nobody has confirmed it: no other node follows the topic\n' })
      expect(JSON.parse(nobody.stdout).error).to.have.property('name', 'NotConfirmedError')
      expect((await send('broadcast', 'x', '--acks', 'all')).stderr).to.equal('error: message 1 was sent, and nobody has confirmed it: no other node is in the network\n')
      expect(await send('publish', 'prices', 'x', '--acks', '0')).to.include({ code: 0, stdout: 'message 3 was handed to 0 neighbours; 0 other nodes follow\n' })
    } finally {
      await node.end()
    }
  })
})
