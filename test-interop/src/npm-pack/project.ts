import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts, temporaryFolder } from '@fisco-libp2p/test-kit'
import { run } from '../npm.ts'
import type { TemporaryFolder } from '@fisco-libp2p/test-kit'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/**
 * Milliseconds that npm may take to install, and to pack.
 */
const PATIENCE = 300_000

/**
 * Compiler settings of a user. Upstream's types name some of the DOM's (AddEventListenerOptions), which are missed where they are checked as well.
 */
const TSCONFIG = {
  compilerOptions: { target: 'es2023', lib: ['es2024', 'esnext.disposable', 'dom'], module: 'nodenext', moduleResolution: 'nodenext', types: ['node'], strict: true, noEmit: true, skipLibCheck: false },
  include: ['types/*.ts']
}

/**
 * An empty project outside of the repository into which the packed packages are installed.
 */
export interface Project extends AsyncDisposable {
  folder: TemporaryFolder

  /**
   * Names of the packages.
   */
  names: string[]

  /**
   * What there is of each package in its tarball besides `src` and `dist/src`.
   */
  files: ReadonlyMap<string, string[]>
}

/**
 * Packs what can be published, and installs it with nothing but what it says it depends on; beside it only the compiler and Node's types.
 */
export async function packedProject (): Promise<Project> {
  const folder = await temporaryFolder()

  try {
    const packages = await publishable()
    await mkdir(folder.join('tarballs'))
    const packed = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', folder.join('tarballs'), ...packages.flatMap(({ path }) => ['--workspace', path])], ROOT, PATIENCE)) as Array<{ name: string, files: Array<{ path: string }> }>
    const tarballs = (await readdir(folder.join('tarballs'))).map(name => folder.join('tarballs', name))
    const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))

    await mkdir(folder.join('project', 'types'), { recursive: true })
    await writeFile(folder.join('project', 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n')
    await writeFile(folder.join('project', 'tsconfig.json'), JSON.stringify(TSCONFIG))
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs, ...['typescript', '@types/node'].map(name => `${name}@${devDependencies[name]}`)], folder.join('project'), PATIENCE)

    return {
      folder,
      names: packages.map(({ name }) => name),
      files: new Map(packed.map(({ name, files }) => [name, files.map(({ path }) => path).filter(path => !/^(dist\/)?src\//.test(path))])),
      [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]()
    }
  } catch (err) {
    await folder[Symbol.asyncDispose]()
    throw err
  }
}

/**
 * The folders of a network of two nodes, by the packed `fisco-p2p chain create`.
 */
export async function createChain (project: Project): Promise<string[]> {
  const [port] = await freePorts(1)
  const cwd = project.folder.join('project')
  await run('npx', ['--no-install', 'fisco-p2p', 'chain', 'create', '--output', 'chain', '--nodes', '2', '--port', String(port)], cwd, PATIENCE)

  return ['node0', 'node1'].map(node => join(cwd, 'chain', 'nodes', node))
}

async function publishable (): Promise<Array<{ name: string, path: string }>> {
  const found = await Promise.all((await readdir(join(ROOT, 'packages'))).sort().map(async name => {
    const manifest = JSON.parse(await readFile(join(ROOT, 'packages', name, 'package.json'), 'utf8').catch(() => '{}'))

    return manifest.name == null || manifest.private === true ? [] : [{ name: String(manifest.name), path: `packages/${name}` }]
  }))

  return found.flat()
}
