import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCrl, issueNode } from '@fisco-libp2p/ca'
import { createIdentity, crlsFromFile } from '@fisco-libp2p/identity'
import { createConsortium } from '@fisco-libp2p/test-kit'
import type { NodeFiles } from './s-client.ts'
import type { IssuedNode, NodeOptions } from '@fisco-libp2p/ca'
import type { Crl, Identity } from '@fisco-libp2p/identity'
import type { Consortium, NodeKeyType } from '@fisco-libp2p/test-kit'

const DAY = 86_400_000

/**
 * What the openssl side can show.
 */
export type MemberKind = 'member' | 'without agency' | 'expired' | 'not yet valid' | 'revoked' | 'stranger'

/**
 * Files of a node, as the openssl command line takes them, and their contents.
 */
export interface Member extends Required<NodeFiles> {
  issued: IssuedNode

  /**
   * The same, for our side of the exchange; of a good certificate only.
   */
  identity?: Identity
}

/**
 * A consortium whose nodes have keys of one type, with a member of each kind, on disk.
 */
export interface Members {
  keyType: NodeKeyType

  /**
   * The TLS version that two such nodes negotiate.
   */
  tls: 'TLSv1.2' | 'TLSv1.3'
  of (kind: MemberKind): Member

  /**
   * A CRL of the agency, on which the revoked one stands.
   */
  crl: Crl

  /**
   * Our own node's identity: a new object each time, so that its events are of one case alone.
   */
  ours (): Identity
}

/**
 * Founds the consortium.
 *
 * @param folder - where the files go
 */
export async function createMembers (folder: string, keyType: NodeKeyType): Promise<Members> {
  const now = Date.now()
  const validFrom = new Date(now - 30 * DAY)
  const consortium = await createConsortium({ keyType, validFrom })
  const foreign = await createConsortium({ keyType, name: 'foreign', validFrom })
  const own = await issueNode(consortium.agency, { name: 'ours' })
  const write = async (kind: MemberKind, from: Consortium, options: Partial<NodeOptions> = {}): Promise<[MemberKind, Member]> => [kind, await writeMember(join(folder, keyType, kind.replaceAll(' ', '-')), from, options)]

  const members = new Map(await Promise.all([
    write('member', consortium),
    write('without agency', consortium),
    write('expired', consortium, { notBefore: new Date(now - 20 * DAY), notAfter: new Date(now - 10 * DAY) }),
    write('not yet valid', consortium, { notBefore: new Date(now + 10 * DAY) }),
    write('revoked', consortium),
    write('stranger', foreign)
  ]))

  const of = (kind: MemberKind): Member => members.get(kind) ?? unknown(kind)
  const crl = createCrl(consortium.agency, { number: 1n, revoked: [{ serial: of('revoked').issued.serial, date: new Date(now) }] })

  return {
    keyType,
    tls: keyType === 'secp256k1' ? 'TLSv1.2' : 'TLSv1.3',
    of,
    crl: crlsFromFile(Buffer.from(crl.pem))[0],
    ours: () => createIdentity({ key: own.key, cert: own.cert, ca: consortium.root.cert })
  }
}

async function writeMember (folder: string, { root, agency }: Consortium, options: Partial<NodeOptions>): Promise<Member> {
  const issued = await issueNode(agency, { name: 'theirs', ...options })
  const file = (name: string): string => join(folder, name)

  await mkdir(folder, { recursive: true })
  await writeFile(file('node.key'), issued.key)
  await writeFile(file('leaf.crt'), issued.leaf)
  await writeFile(file('agency.crt'), agency.leaf)
  await writeFile(file('ca.crt'), root.cert)

  return { issued, identity: identityOrNone(issued, root.cert), key: file('node.key'), leaf: file('leaf.crt'), above: file('agency.crt'), ca: file('ca.crt') }
}

function identityOrNone ({ key, cert }: IssuedNode, ca: string): Identity | undefined {
  try {
    return createIdentity({ key, cert, ca })
  } catch {
    // expired, or not yet valid
    return undefined
  }
}

function unknown (kind: string): never {
  throw new Error(`there is no ${kind}`)
}
