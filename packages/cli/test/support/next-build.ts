import { registerHooks } from 'node:module'

/**
 * Makes a later build of today's: loaded with `--import`, it changes our modules as they are loaded. The next build knows a version more of the confirm exchange, and writes a field
 * that today's does not know into every protobuf message, and into each message in one.
 */

/**
 * Field 1,000, of the kind that has a length, with the text "next".
 */
const UNKNOWN_FIELD = 'w.uint32(8002); w.bytes(Uint8Array.of(0x6e, 0x65, 0x78, 0x74));'

registerHooks({
  load (url, context, nextLoad) {
    const loaded = nextLoad(url, context)

    if (/\/tls\/dist\/src\/constants\.js$/.test(url)) {
      return { ...loaded, source: bumped(String(loaded.source)) }
    }

    return /\/dist\/src\/pb\/\w+\.js$/.test(url) ? { ...loaded, source: extended(String(loaded.source)) } : loaded
  }
})

function bumped (source: string): string {
  const changed = source.replace('MAX_VERSION = 1', 'MAX_VERSION = 2')

  if (changed === source) {
    throw new Error('the version of the confirm exchange is not where it was: change this hook')
  }

  return changed
}

/**
 * What protons generates ends each message in one place, whether it stands in another one or not.
 */
function extended (source: string): string {
  const changed = source.replaceAll(/if \(opts\.lengthDelimited !== false\) \{\s*w\.ldelim\(\);/g, `${UNKNOWN_FIELD} $&`)

  if (changed === source) {
    throw new Error('generated code looks other than it did: change this hook')
  }

  return changed
}
