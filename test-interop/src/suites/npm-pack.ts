import { deepEqual, equal, match } from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from '@fisco-libp2p/test-kit'
import { fitExample, readmeExamples, Script } from '../npm-pack/examples.ts'
import { createChain, packedProject } from '../npm-pack/project.ts'
import { run } from '../npm.ts'
import type { Project } from '../npm-pack/project.ts'
import type { Case, Suite } from '../row.ts'

const PAIR = 'npm pack -> empty project'
const PATIENCE = 120_000

/**
 * Appended to the second example, which builds a node and asks nothing.
 */
const ASK = (nodeId: string): string => `await node.services.peers.connected('${nodeId}')
console.info(new TextDecoder().decode(await node.services.direct.request('${nodeId}', 'height', new TextEncoder().encode('composed'))))\n`

/**
 * The packages as users get them: packed, installed from the tarballs, and used as the README says.
 */
export const npmPack: Suite = {
  name: 'npm-pack',

  async lacks () {
    try {
      await run('npm', ['view', 'typescript', 'version', '--loglevel=error'], process.cwd(), PATIENCE)
    } catch (err) {
      return `there is no package registry: ${err.message}`
    }
  },

  async prepare () {
    const stack = new AsyncDisposableStack()

    try {
      const project = stack.use(await packedProject())
      const chain = await createChain(project)
      const peer = stack.use(await Script.start(chain[0], 'peer.mjs'))
      const { author: nodeId } = await peer.event({ event: 'ready' })

      return { cases: [...packageCases(project), ...await exampleCases(chain, peer, nodeId)], [Symbol.asyncDispose]: async () => stack.disposeAsync() }
    } catch (err) {
      await stack.disposeAsync()
      throw err
    }
  }
}

function packageCases ({ folder, names, files }: Project): Case[] {
  const cwd = folder.join('project')
  const evaluate = async (code: string): Promise<string> => run(process.execPath, ['--input-type=module', '--eval', code], cwd, PATIENCE)

  const compile = async (options: string[]): Promise<void> => {
    const examples = [...(await readmeExamples()).values()]

    equal(examples.length, 3)
    await Promise.all(examples.map(async (code, i) => writeFile(join(cwd, 'types', `example${i + 1}.ts`), code)))
    await run(process.execPath, [join(cwd, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', cwd, ...options], cwd, PATIENCE)
  }

  return [
    {
      pair: PAIR,
      case: 'each package has its manifest, its README and both licences, and else nothing but the sources and what is built of them',
      async run () {
        for (const name of names) {
          const others = (files.get(name) ?? []).filter(path => !path.startsWith('bin/'))
          deepEqual(others.sort(), ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json'], name)
        }

        return `${names.length} packages`
      }
    },
    {
      pair: PAIR,
      case: 'each package can be imported',
      async run () {
        await evaluate(`for (const name of ${JSON.stringify(names)}) { if (Object.keys(await import(name)).length === 0 && name !== '@fisco-libp2p/cli') throw new Error(name + ' exports nothing') }`)
      }
    },
    {
      pair: PAIR,
      case: 'no file behind the exports can be imported',
      async run () {
        const paths = ['@fisco-libp2p/tls/dist/src/door.js', ...names.flatMap(name => [`${name}/dist/src/index.js`, `${name}/src/index.ts`])]
        const codes = JSON.parse(await evaluate(`console.log(JSON.stringify(await Promise.all(${JSON.stringify(paths)}.map(path => import(path).then(() => path + ' was imported', err => err.code)))))`))
        deepEqual([...new Set(codes)], ['ERR_PACKAGE_PATH_NOT_EXPORTED'])

        return `${paths.length} paths`
      }
    },
    {
      pair: PAIR,
      case: 'the README\'s examples compile: strict, nodenext, every declaration file checked (with lib dom, for upstream\'s)',
      run: async () => compile([])
    },
    {
      pair: PAIR,
      case: 'the README\'s examples compile without lib dom: strict, nodenext, skipLibCheck',
      run: async () => compile(['--lib', 'es2024,esnext.disposable', '--skipLibCheck'])
    },
    {
      pair: PAIR,
      case: 'no declaration file of ours needs lib dom',
      async run () {
        const said = await compile(['--lib', 'es2024,esnext.disposable']).then(() => '', err => String(err.cause))
        deepEqual(said.split('\n').filter(line => line.includes('@fisco-libp2p/')), [])

        return said === '' ? 'nor one of upstream\'s' : 'those of upstream do'
      }
    }
  ]
}

async function exampleCases ([peerFolder, folder]: string[], peer: Script, nodeId: string): Promise<Case[]> {
  const examples = await readmeExamples()
  const [port] = await freePorts(1)
  const config = await readFile(join(peerFolder, 'config.ini'), 'utf8')
  const peerPort = /^\s*listen_port\s*=\s*(\d+)/m.exec(config)?.[1] ?? ''
  const other = { nodeId, address: `/ip4/127.0.0.1/tcp/${peerPort}/tls` }
  const start = async (name: string, after?: string): Promise<Script> => {
    const code = examples.get(name)

    if (code == null) {
      throw new Error(`the README has no example "${name}"`)
    }

    return Script.start(folder, `${name.toLowerCase().replaceAll(' ', '-')}.ts`, fitExample(code, other, `/ip4/127.0.0.1/tcp/${port}/tls`, after))
  }

  return [
    {
      pair: PAIR,
      case: 'README, "One call": request, stream, topics, broadcast, status',
      async run () {
        await using example = await start('One call')
        await example.line('a block of the stream', line => line === '7')
        await example.line('its own message on the topic', line => line.includes('Uint8Array'))
        const { author } = await peer.event({ event: 'up' })

        await Promise.all([
          peer.event({ event: 'request', data: 'hello' }),
          peer.event({ event: 'stream', data: 'hello' }),
          peer.event({ event: 'topic', topic: 'prices', author, data: 'hello' }),
          peer.event({ event: 'broadcast', author, data: 'hello' }),
          peer.event({ event: 'topic', topic: 'orders', author, data: 'hello' }),
          peer.event({ event: 'status', author, data: 'hello' }),
          peer.event({ event: 'answer', author, data: 'hello' })
        ])

        return `it printed ${example.lines.length} lines`
      }
    },
    {
      pair: PAIR,
      case: 'README, "Compose": connected by the certificate alone, asks the other node',
      async run () {
        await using example = await start('Compose', ASK(nodeId))

        return `the answer: "${await example.line('the answer', line => line === 'from the peer')}"`
      }
    },
    {
      pair: PAIR,
      case: 'README, "Extend": a protocol of one\'s own, asked of the other node',
      async run () {
        await using example = await start('Extend')
        const answer = await example.line('the height', line => /^\d+$/.test(line))
        match(answer, /^4711$/)

        return `the height is ${answer}`
      }
    }
  ]
}
