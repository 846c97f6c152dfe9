import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LimboCase, Outcome } from './limbo.ts'

/**
 * The openssl command line, for comparison.
 */
export interface Openssl {
  version: string

  /**
   * What `openssl verify` says of a case.
   *
   * @param strict - with `-x509_strict`
   */
  judge (testcase: LimboCase, strict: boolean): Outcome['result']
  close (): void
}

/**
 * Finds the openssl command line; undefined if there is none.
 */
export function findOpenssl (): Openssl | undefined {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })

  if (status !== 0) {
    return undefined
  }

  const dir = mkdtempSync(join(tmpdir(), 'conformance-'))

  return {
    version: stdout.trim().split(' ').slice(0, 2).join(' '),
    judge: (testcase, strict) => verify(dir, testcase, strict),
    close: () => { rmSync(dir, { recursive: true }) }
  }
}

function verify (dir: string, testcase: LimboCase, strict: boolean): Outcome['result'] {
  const time = testcase.validation_time == null ? Date.now() : Date.parse(testcase.validation_time)
  const files = { anchors: testcase.trusted_certs, pool: testcase.untrusted_intermediates, peer: [testcase.peer_certificate] }
  const path = (name: string): string => join(dir, `${name}.pem`)

  for (const [name, certificates] of Object.entries(files)) {
    writeFileSync(path(name), certificates.join('\n'))
  }

  const { status } = spawnSync('openssl', [
    'verify', '-no-CApath', '-no-CAstore', '-CAfile', path('anchors'),
    ...(files.pool.length > 0 ? ['-untrusted', path('pool')] : []),
    ...(testcase.max_chain_depth == null ? [] : ['-verify_depth', `${testcase.max_chain_depth}`]),
    ...(strict ? ['-x509_strict'] : []),
    '-purpose', testcase.validation_kind === 'SERVER' ? 'sslserver' : 'sslclient',
    '-attime', `${Math.floor(time / 1000)}`,
    path('peer')
  ], { stdio: 'ignore' })

  return status === 0 ? 'SUCCESS' : 'FAILURE'
}
