// What a package exports, read from its src/index.ts with the TypeScript API: name, kind and documentation.
import ts from 'typescript'

const { SymbolFlags } = ts

/**
 * Only what the package itself contains is loaded: relative imports are followed, others are not. So the answer does not
 * depend on what has been built, and it takes milliseconds.
 */
function programOf (entry) {
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    noLib: true,
    types: []
  }
  const host = ts.createCompilerHost(options)

  host.resolveModuleNameLiterals = (names, from, redirected, opts) => names.map((name) => {
    return name.text.startsWith('.')
      ? ts.resolveModuleName(name.text, from, opts, host)
      : { resolvedModule: undefined }
  })

  return ts.createProgram([entry], options, host)
}

function plain (parts) {
  return ts.displayPartsToString(parts).replace(/\{@link(?:code|plain)? ([^}|]+)(?:\|[^}]*)?\}/g, (_, name) => `\`${name.trim()}\``)
}

/** The first sentence, on one line; a full stop inside `code` or a number (`1.0.0`) ends none. */
function firstSentence (text) {
  const [paragraph] = text.trim().split(/\n\s*\n/)
  const line = paragraph.replace(/\s+/g, ' ')

  return /^.*?[.!?](?=\s[^a-z]|$)/.exec(line)?.[0] ?? line
}

/** The exports of one package in order of name: `{ name, type, summary }`; `type` if it exists for the compiler only. */
export function exportsOf (entry) {
  const program = programOf(entry)
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry))

  if (module == null) {
    return []
  }

  return checker.getExportsOfModule(module).map((symbol) => {
    const target = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    // What is named here and comes from another package cannot be read; the compiler sees to it that it exists.
    const known = target.declarations != null
    const docs = plain(target.getDocumentationComment(checker)) || plain(symbol.getDocumentationComment(checker))

    return { name: symbol.name, known, type: known && !(target.flags & SymbolFlags.Value), summary: firstSentence(docs) }
  }).sort((a, b) => a.name < b.name ? -1 : 1)
}
