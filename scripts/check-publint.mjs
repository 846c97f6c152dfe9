// publint on each package as npm would pack it: every path in its manifest leads to a file that is published.
import { relative } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { packages, report, root } from './lib/workspace.mjs'

const problems = []

for (const { dir } of packages().filter(({ manifest }) => !manifest.private)) {
  const { messages, pkg } = await publint({ pkgDir: dir, pack: 'npm', level: 'warning', strict: true })

  problems.push(...messages.map((message) => `${relative(root, dir)}: ${formatMessage(message, pkg, { color: false })}`))
}

report(problems)
