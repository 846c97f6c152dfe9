import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { temporaryFolder } from '@fisco-libp2p/test-kit'

const run = promisify(execFile)

/**
 * Runs the openssl command line, the oracle of these tests.
 */
export async function openssl (cwd: string, ...args: string[]): Promise<string> {
  return (await run('openssl', args, { cwd })).stdout
}

/**
 * What openssl prints about a certificate.
 */
export async function describeCertificate (pem: string, ...args: string[]): Promise<string> {
  await using folder = await temporaryFolder()
  await writeFile(folder.join('it.crt'), pem)

  return await openssl(folder.path, 'x509', '-noout', '-in', 'it.crt', ...args)
}

/**
 * `openssl verify`, strictly by RFC 5280.
 *
 * @returns 'OK', or what openssl said
 */
export async function verifyByOpenssl (chain: { root: string, above?: string, leaf: string }, ...args: string[]): Promise<string> {
  await using folder = await temporaryFolder()
  await writeFile(folder.join('ca.crt'), chain.root)
  await writeFile(folder.join('leaf.crt'), chain.leaf)

  if (chain.above != null) {
    await writeFile(folder.join('above.crt'), chain.above)
    args.push('-untrusted', 'above.crt')
  }

  try {
    return (await openssl(folder.path, 'verify', '-CAfile', 'ca.crt', ...args, 'leaf.crt')).trim().replace('leaf.crt: ', '')
  } catch (err) {
    return err.stderr
  }
}
