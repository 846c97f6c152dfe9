import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NODE_KEY_TYPES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import { CARRIERS } from './support/nodes.ts'

const require = createRequire(import.meta.url)
const script = fileURLToPath(new URL('./support/pair-process.js', import.meta.url))

describe('TLS under the consortium\'s CA, on every Node that is supported', () => {
  for (const [version, name] of Object.entries({ 22: 'node-22', 24: 'node', 26: 'node-26' })) {
    it(`Node ${version}: all pairs of key types, early aborts, refusals, the transport suite, and no crash`, async function () {
      this.timeout(60_000)
      const node = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node')
      // a crash of the process rejects: execFile resolves with exit code 0 only
      const { stdout } = await promisify(execFile)(node, [script], { timeout: 60_000, env: { ...process.env, NODE_V8_COVERAGE: '' } })
      const result = JSON.parse(stdout)

      expect(result.node).to.equal(version)
      expect(result.failed).to.deep.equal([])

      for (const carrier of CARRIERS) {
        expect(result.refused[carrier]).to.match(/untrusted-issuer/)

        for (const [dialler, listener] of NODE_KEY_TYPES.flatMap(dialler => NODE_KEY_TYPES.map(listener => [dialler, listener]))) {
          expect(result.versions[`${carrier} ${dialler}-${listener}`]).to.equal([dialler, listener].includes('secp256k1') ? 'TLSv1.2' : 'TLSv1.3')
        }
      }
    })
  }
})
