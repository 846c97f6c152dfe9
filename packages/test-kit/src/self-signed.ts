import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * A certificate that a key issued to itself, as anybody can make one: by the openssl command line, since a CA of ours
 * would not.
 *
 * @param key - private key, PKCS#8 PEM
 * @returns the certificate, PEM
 */
export async function selfSignedCertificate (key: string, name = 'node'): Promise<string> {
  await using folder = await temporaryFolder()
  await writeFile(folder.join('node.key'), key)
  await promisify(execFile)('openssl', [
    'req', '-x509', '-key', folder.join('node.key'), '-days', '10', '-subj', `/CN=${name}/O=fisco-bcos/OU=node`,
    '-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'keyUsage=digitalSignature', '-out', folder.join('node.crt')
  ])

  return await readFile(folder.join('node.crt'), 'utf8')
}
