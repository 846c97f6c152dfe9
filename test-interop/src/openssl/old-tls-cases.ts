import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Skip } from '../row.ts'
import { startOurNode } from './our-node.ts'
import { alert, established, expectRule, refusal, startClient } from './s-client.ts'
import { openssl } from './tool.ts'
import type { Case } from '../row.ts'
import type { Members } from './members.ts'

const PAIR = 'openssl s_client -> ours'
const ANY_STRENGTH = '@SECLEVEL=0'

const VERSIONS = [['SSL 3.0', '-ssl3'], ['TLS 1.0', '-tls1'], ['TLS 1.1', '-tls1_1']]

/**
 * Names as `openssl ciphers` has them.
 */
const CIPHERS = {
  RC4: 'RC4',
  '3DES': '3DES',
  'CBC with SHA-1': 'AES+SHA1+kECDHE',
  'CBC with SHA-2': 'ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384',
  'RSA key exchange, without forward secrecy': 'kRSA+AESGCM',
  'DHE, of whatever group': 'kDHE+AESGCM',
  CCM: 'AESCCM+kECDHE',
  'no encryption': 'eNULL',
  'no certificate of ours': 'aNULL'
}

/**
 * What is out of use: refused before a certificate is looked at.
 */
export function oldTlsCases (members: Members, folder: string): Case[] {
  const one = (name: string, run: Case['run']): Case => ({ pair: PAIR, case: `${members.keyType}: ${name}`, run })
  const modern = members.tls === 'TLSv1.3'

  return [
    ...VERSIONS.map(([name, option]) => one(`${name} alone`, async () => {
      await expectAble(option, 'ALL', name)

      return refusedByAlert(members, [option, '-cipher', `ALL:${ANY_STRENGTH}`], /alert (70|40)/)
    })),
    ...Object.entries(CIPHERS).map(([name, ciphers]) => one(`TLS 1.2 with ${name} alone`, async () => {
      await expectAble('-tls1_2', ciphers, name)

      return refusedByAlert(members, ['-tls1_2', '-cipher', `${ciphers}:${ANY_STRENGTH}`], /alert 40/)
    })),
    one('TLS 1.2 with SHA-1 signatures alone', async () => refusedByAlert(members, ['-tls1_2', '-cipher', `DEFAULT:${ANY_STRENGTH}`, '-sigalgs', 'ECDSA+SHA1:RSA+SHA1'], /alert 40/)),
    modern
      ? one('TLS 1.3 with CCM alone', async () => refusedByAlert(members, ['-tls1_3', '-ciphersuites', 'TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256'], /alert 40/))
      : one('TLS 1.3 alone, which has no signature for secp256k1', async () => refusedByAlert(members, ['-tls1_3'], /alert 70/)),
    one('renegotiation, asked for by the dialler', async () => renegotiation(members)),
    one(`resumption of a session of ${members.tls}, without a certificate`, async () => resumption(members, join(folder, `${members.keyType}.session`)))
  ]
}

/**
 * @throws Skip if this openssl has not got it at all
 */
async function expectAble (version: string, ciphers: string, name: string): Promise<void> {
  const list = await openssl(['ciphers', '-s', version, `${ciphers}:${ANY_STRENGTH}`]).catch(() => '')
  // the suites of TLS 1.3 are always listed where the version is not
  const own = list.trim().split(':').filter(cipher => cipher !== '' && !cipher.startsWith('TLS_'))

  if (own.length === 0) {
    throw new Skip(`${(await openssl(['version'])).split(' (')[0].trim()} of this machine is built without ${name}`)
  }
}

async function refusedByAlert (members: Members, args: string[], expected: RegExp): Promise<string> {
  await using node = await startOurNode(members.ours())
  await using client = startClient(node.port, { member: members.of('member'), args: ['-ign_eof', ...args] })
  const heard = await alert(client)

  assert.match(heard, expected)
  assert.notEqual(await client.ended(), 0)

  return `openssl: ${heard}; ${await expectRule(node, 'tls-failure')}`
}

async function renegotiation (members: Members): Promise<string> {
  if (members.tls === 'TLSv1.3') {
    throw new Skip('TLS 1.3 has no renegotiation, and these nodes do not take TLS 1.2 of each other')
  }

  await using node = await startOurNode(members.ours())
  // a line that begins with R is the command for it
  await using client = startClient(node.port, { member: members.of('member'), args: [] })
  await established(client)
  client.write('R\n')
  await client.untilPrinted(/RENEGOTIATING/)
  const [said] = await client.untilPrinted(/no renegotiation/)
  await client.ended()
  const { rule } = await node.rejection()

  return `openssl: ${said}; ours: ${rule}`
}

/**
 * A session that was resumed would be one of a certificate that nobody looks at any more.
 */
async function resumption (members: Members, file: string): Promise<string> {
  await using node = await startOurNode(members.ours())

  {
    await using first = startClient(node.port, { member: members.of('member'), args: ['-ign_eof', '-sess_out', file] })
    await established(first)

    if (members.tls === 'TLSv1.3') {
      await first.untilPrinted(/New Session Ticket arrived/)
    }
  }

  const given = await access(file).then(() => true, () => false)

  if (!given) {
    return 'no session was given to openssl'
  }

  await using again = await startOurNode(members.ours())
  const outcomes: string[] = []

  for (const target of [node, again]) {
    await using client = startClient(target.port, { args: ['-ign_eof', '-sess_in', file] })
    const seen = await established(client)
    assert(!seen.resumed, 'the session was resumed')
    outcomes.push(await refusal(client))
  }

  assert.deepEqual(outcomes, ['no-certificate', 'no-certificate'])

  return 'openssl was given a session and offered it, to the same node and to another: New, not Reused; refusal no-certificate'
}
