import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NODE_KEY_TYPES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { CARRIERS } from './support/nodes.ts'

const require = createRequire(import.meta.url)

/**
 * What a script prints under a version of Node. Rejects unless it ends with exit code 0.
 */
async function runUnder (name: string, script: string): Promise<string> {
  const node = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node')
  const { stdout } = await promisify(execFile)(node, [fileURLToPath(new URL(`./support/${script}.js`, import.meta.url))], {
    timeout: 180_000, env: { ...process.env, NODE_V8_COVERAGE: '' }
  })

  return stdout
}

describe('TLS under the consortium\'s CA, on every Node that is supported', () => {
  for (const [version, name] of Object.entries({ 22: 'node-22', 24: 'node', 26: 'node-26' })) {
    it(`Node ${version}: all pairs of key types, early aborts, refusals, the transport suite, and no crash`, async function () {
      this.timeout(180_000)
      const result = JSON.parse(await runUnder(name, 'pair-process'))

      expect(result.node).to.equal(version)
      expect(result.failed).to.deep.equal([])

      for (const carrier of CARRIERS) {
        expect(result.refused[carrier]).to.match(/untrusted-issuer/)

        for (const [dialler, listener] of NODE_KEY_TYPES.flatMap(dialler => NODE_KEY_TYPES.map(listener => [dialler, listener]))) {
          expect(result.versions[`${carrier} ${dialler}-${listener}`]).to.equal([dialler, listener].includes('secp256k1') ? 'TLSv1.2' : 'TLSv1.3')
        }
      }
    })

    it(`Node ${version}: handshakes that are cut at every step, by either end`, async function () {
      this.timeout(180_000)
      expect(await runUnder(name, 'abort-process')).to.equal('survived\n')
    })
  }
})
