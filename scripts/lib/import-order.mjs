// ESLint rule: the order of imports in the libp2p house style, with a fix.
//
//   import { readFile } from 'node:fs/promises'                    Node's own
//   import { InvalidMessageError } from '@libp2p/interface'        packages
//   import { parent } from '../parent.ts'                          the folders above, then this one
//   import { TIMEOUT } from './constants.ts'
//   import type { Stream } from '@libp2p/interface'                whole-declaration types last, in one group
//
// Within a group the module names ascend by code unit, upper and lower case alike. Imports for effect only
// (`import './polyfill.ts'`) stay where they are: their order has a meaning.

function rank (node) {
  const from = node.source.value

  if (node.importKind === 'type') {
    return 4
  }

  if (from.startsWith('.')) {
    return from.startsWith('..') ? 2 : 3
  }

  return from.startsWith('node:') ? 0 : 1
}

function before (a, b) {
  const [x, y] = [a.source.value.toLowerCase(), b.source.value.toLowerCase()]

  return rank(a) - rank(b) || (x < y ? -1 : x > y ? 1 : 0)
}

/** Neighbouring imports in runs; an import for effect, or another statement, ends a run. */
function runs (body) {
  const found = [[]]

  for (const node of body) {
    if (node.type === 'ImportDeclaration' && node.specifiers.length > 0) {
      found.at(-1).push(node)
    } else if (found.at(-1).length > 0) {
      found.push([])
    }
  }

  return found
}

function check (context, run) {
  const source = context.sourceCode
  const sorted = run.toSorted(before)
  const index = run.findIndex((node, i) => node !== sorted[i])

  if (index === -1) {
    return
  }

  // A comment between two imports belongs to one of them; which one, a tool cannot know.
  const commented = run.slice(1).some((node) => source.getCommentsBefore(node).length > 0)

  context.report({
    node: run[index],
    message: `Imports out of order: '${sorted[index].source.value}' comes here (Node's, packages, '../', './', types last).`,
    fix: commented
      ? null
      : (fixer) => run.map((node, i) => fixer.replaceText(node, source.getText(sorted[i])))
  })
}

export const importOrder = {
  meta: { type: 'layout', fixable: 'code', schema: [] },
  create: (context) => ({
    Program (node) {
      for (const run of runs(node.body)) {
        check(context, run)
      }
    }
  })
}
