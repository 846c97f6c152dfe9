// A package's README, made from its manifest, the doc block of its src/index.ts and the exports listed there.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportsOf } from './api.mjs'

export class NoDocBlockError extends Error {}

/** The text of the `@packageDocumentation` block: headings for its examples, fences as they are. */
export function aboutOf (dir) {
  const path = join(dir, 'src', 'index.ts')
  const block = existsSync(path) ? /^\s*\/\*\*(?:(?!\*\/)[\s\S])*?@packageDocumentation(?:(?!\*\/)[\s\S])*?\*\//.exec(readFileSync(path, 'utf8')) : null

  if (block == null) {
    throw new NoDocBlockError('src/index.ts does not begin with a doc block that holds @packageDocumentation')
  }

  let fenced = false

  return block[0]
    .replace(/^\s*\/\*\*/, '')
    .replace(/\s*\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .map((line) => {
      fenced = line.startsWith('```') ? !fenced : fenced

      return fenced ? line : line.replace(/^@packageDocumentation$/, '').replace(/^@example ?(.*)$/, (_, title) => `## Example${title && ` - ${title}`}`)
    })
    .join('\n')
    .replaceAll('*\\/', '*/')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function apiList (dir) {
  const line = ({ name, summary }) => `- \`${name}\`${summary && ` - ${summary}`}`
  const all = exportsOf(join(dir, 'src', 'index.ts'))
  const part = (title, list) => list.length === 0 ? [] : [`## ${title}`, list.map(line).join('\n')]

  return [
    'Everything that the package exports, documented in full in [src/index.ts](src/index.ts) and the files that it names.',
    ...part('Functions, classes and values', all.filter(({ type }) => !type)),
    ...part('Types', all.filter(({ type }) => type))
  ]
}

/** The whole README.md of a package. */
export function renderReadme ({ dir, manifest }) {
  const { name, description } = manifest

  return [
    `# ${name}`,
    `> ${description}`,
    '# About',
    '<!-- Made by `npm run generate` from the doc block in src/index.ts: change it there. -->',
    aboutOf(dir),
    '# Install',
    '```console\n$ npm i ' + name + '\n```',
    '# API',
    ...apiList(dir),
    '# License',
    'Apache-2.0 OR MIT, as you like.'
  ].join('\n\n') + '\n'
}

/** The About section of a README, without the remark on its origin. */
export function aboutIn (readme) {
  return /\n# About\n([\s\S]*?)\n# Install\n/.exec(readme)?.[1].replace(/<!--[\s\S]*?-->/, '').trim()
}
