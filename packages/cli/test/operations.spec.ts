import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { verifyChain } from '@fisco-libp2p/ca'
import { readConfig } from '@fisco-libp2p/node'
import { temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { BIN, run } from './support/run.ts'

const text = await readFile(new URL('../../../../docs/OPERATIONS.md', import.meta.url), 'utf8')

/**
 * The contents of the fenced blocks below a heading.
 */
function blocks (heading: string, language: string): string[] {
  const section = text.split(/^(?=##+ )/m).find(part => part.startsWith(`${heading}\n`)) ?? ''

  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, content]) => content)
}

function commands (heading: string): string[] {
  return blocks(heading, 'console').flatMap(block => block.trim().split('\n').map(line => line.replace(/^\$ /, '')))
}

describe('docs/OPERATIONS.md', () => {
  it('adds nodes to a chain, issues and revokes with openssl, by the commands that it shows', async () => {
    await using folder = await temporaryFolder()
    await mkdir(folder.join('bin'))
    await writeFile(folder.join('bin', 'fisco-p2p'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`, { mode: 0o755 })
    const env = { ...process.env, PATH: `${folder.join('bin')}${delimiter}${process.env.PATH}` }
    const shell = (command: string, cwd = folder.path): void => { execFileSync('sh', ['-ec', command], { cwd, env, stdio: 'pipe' }) }
    const chain = folder.join('chain')
    const conf = (name: string, file: string): string => folder.join('chain', 'nodes', name, 'conf', file)

    const [create] = commands('## Start a network')
    const [issue, start, tell, request, issueByRequest] = commands('### Add a node')
    shell(create)
    shell(issue)
    shell(request)
    shell(issueByRequest)
    expect((await stat(folder.join('node.key'))).mode & 0o077, 'the key that openssl made').to.equal(0)
    await rename(folder.join('node.key'), conf('node5', 'node.key'))
    expect((await verifyChain(chain)).map(({ name }) => name)).to.deep.equal(['node0', 'node1', 'node2', 'node3', 'node4', 'node5'])
    // the folder and the address of the text
    const { listen } = await readConfig(folder.join(start.split(' ').at(-1) ?? ''))
    expect(`/ip4/${/add (\S+)/.exec(tell)?.[1].replace(':', '/tcp/')}/tls`).to.equal(listen.toString())

    const [config] = blocks('### With openssl', 'ini')
    const [certify, append, revoke, writeCrl] = commands('### With openssl')
    await writeFile(folder.join('chain', 'ca.cnf'), config)
    shell(request.replaceAll('node5', 'node6'), chain)
    shell(`${certify}; ${append}`, chain)
    await mkdir(conf('node6', ''), { recursive: true })
    await Promise.all([['node.key', conf('node6', 'node.key')], ['node6.crt', conf('node6', 'node.crt')], ['ca.crt', conf('node6', 'ca.crt')]].map(async ([from, to]) => copyFile(folder.join('chain', from), to)))
    const renewed = await run(['cert', 'renew', 'node6', '--chain', 'chain', '--json'], { cwd: folder.path })
    expect(renewed.code, renewed.stderr).to.equal(0)
    await writeFile(conf('node6', 'node.nodeid'), JSON.parse(renewed.stdout).nodeId)
    await copyFile(folder.join('chain', 'nodes', 'node0', 'config.ini'), folder.join('chain', 'nodes', 'node6', 'config.ini'))
    expect((await verifyChain(chain)).map(({ name }) => name)).to.include('node6')

    shell(`echo 01 > agency/crlnumber; ${revoke}; ${writeCrl}`, chain)
    const { certificates, crls } = JSON.parse((await run(['cert', 'revoke', 'node6', '--chain', 'chain', '--json'], { cwd: folder.path })).stdout)
    expect(certificates.map(({ before, reason }: { before: boolean, reason: string }) => [before, reason])).to.deep.equal([[true, 'keyCompromise'], [false, 'unspecified']])
    expect(crls[0], 'after that of openssl').to.deep.include({ number: '2', revoked: 2 })
  }).timeout(120_000)
})
