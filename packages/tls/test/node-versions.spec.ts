import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NODE_KEY_TYPES } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'

const require = createRequire(import.meta.url)
const script = fileURLToPath(new URL('./support/pair-process.js', import.meta.url))

describe('caTls on every Node that is supported', () => {
  for (const [version, name] of Object.entries({ 22: 'node-22', 24: 'node', 26: 'node-26' })) {
    it(`Node ${version}: all pairs of key types, a refusal, an early abort, and no crash`, async () => {
      const node = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node')
      // a crash of the process rejects: execFile resolves with exit code 0 only
      const { stdout } = await promisify(execFile)(node, [script], { timeout: 30_000, env: { ...process.env, NODE_V8_COVERAGE: '' } })
      const result = JSON.parse(stdout)

      expect(result.node).to.equal(version)
      expect(result.refused).to.match(/untrusted-issuer/)

      for (const dialler of NODE_KEY_TYPES) {
        for (const listener of NODE_KEY_TYPES) {
          expect(result.versions[`${dialler}-${listener}`]).to.equal([dialler, listener].includes('secp256k1') ? 'TLSv1.2' : 'TLSv1.3')
        }
      }
    })
  }
})
