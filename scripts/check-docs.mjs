// Every TypeScript example in the documentation compiles against the packages as they were built. It runs in docs/, a
// package of the workspace, so that an example finds what a user's would: packages by name, nothing by path.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileSnippets } from 'typescript-docs-verifier'
import { packages, report, root, shown, walk } from './lib/workspace.mjs'

const isGuide = (path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md')

const readme = join(root, 'README.md')

const files = [
  ...(existsSync(readme) ? [readme] : []),
  ...['docs', 'benchmarks', 'test-interop'].flatMap((name) => walk(join(root, name), isGuide)),
  ...packages().flatMap(({ dir }) => walk(dir, (path) => path.endsWith('README.md')))
]

/** Fences that the verifier would pass over in silence. */
function unchecked (path) {
  return readFileSync(path, 'utf8').split('\n').flatMap((line, i) => {
    const at = `${shown(path)}:${i + 1}`
    const fence = /^[\s>]*(?:```+|~~~+)\s*(.+)$/.exec(line)?.[1].trim()

    if (line.includes('ts-docs-verifier:ignore')) {
      return [`${at}: no example is exempt from compiling`]
    }

    if (fence != null && /^([cm]?jsx?|javascript|node)\b/i.test(fence)) {
      return [`${at}: write the example in TypeScript (\`\`\`typescript), others are not compiled`]
    }

    if (fence != null && /^(tsx?|typescript|[cm]ts)\b/i.test(fence) && !/^\s*```(tsx?|typescript)\s*$/.test(line)) {
      return [`${at}: begin an example with \`\`\`typescript and nothing else, or it is not compiled`]
    }

    return []
  })
}

/** One line for each error: the file, the line in the file, the compiler's words. */
function compileProblems ({ file, snippet, error }) {
  const text = readFileSync(file, 'utf8')
  const first = text.slice(0, text.indexOf(snippet)).split('\n').length
  const reason = error.diagnosticText ?? error.message

  return reason.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('⨯')).map((line) => {
    const found = /\((\d+),\d+\): error (.*)$/.exec(line)

    return found == null ? `    ${line.trim()}` : `${shown(file)}:${first + Number(found[1]) - 1}: ${found[2]}`
  })
}

process.chdir(join(root, 'docs'))

const results = await compileSnippets({ markdownFiles: files })

report([
  ...(existsSync(readme) ? [] : ['README.md is missing']),
  ...files.flatMap(unchecked),
  ...results.filter(({ error }) => error != null).flatMap(compileProblems)
])
