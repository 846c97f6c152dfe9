import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createIdentity, IdentityError, identityOf, loadIdentity } from '@fisco-libp2p/identity'
import { opensslChain, temporaryFolder } from '@fisco-libp2p/test-kit'
import { expect } from 'chai'
import type { Identity, IdentityFiles } from '@fisco-libp2p/identity'
import type { OpensslChainOptions, TemporaryFolder } from '@fisco-libp2p/test-kit'

function filesOf (folder: TemporaryFolder, node: string): IdentityFiles {
  return { key: folder.join(node, 'node.key'), cert: folder.join(node, 'node.crt'), ca: folder.join(node, 'ca.crt') }
}

async function loadFrom (folder: TemporaryFolder, node = 'node0'): Promise<Identity> {
  return loadIdentity(filesOf(folder, node))
}

async function refusal (promise: Promise<unknown>): Promise<IdentityError> {
  const result: unknown = await promise.catch(err => err)

  if (!(result instanceof IdentityError)) {
    expect.fail(`Should have failed with an IdentityError, not with ${result}`)
  }

  return result
}

describe('loading an identity', () => {
  describe('made by FISCO BCOS\'s own openssl steps', () => {
    const variations: Record<string, OpensslChainOptions> = {
      'node, agency and v1 root': {},
      'no agency': { agencies: [] },
      'a SEC1 key behind EC PARAMETERS': { keys: 'sec1' },
      'a key whose hex has leading zeros': { keys: 'd' }
    }

    for (const [title, options] of Object.entries(variations)) {
      it(title, async () => {
        await using folder = await temporaryFolder()
        const [{ nodeId }] = await opensslChain(folder.path, options)

        const root = new X509Certificate(await readFile(folder.join('ca.crt')))
        const identity = await loadFrom(folder)

        expect(root.toString()).to.be.a('string')
        expect(identity.trust.anchors[0].version).to.equal(1)
        expect(identity.nodeId).to.equal(nodeId)
        expect(identity.name).to.equal('node0')
        expect(identity.agency).to.equal(options.agencies != null ? 'chain' : 'agency')
        expect(identity.chain.map(certificate => certificate.commonName)).to.deep.equal(options.agencies != null ? ['node0'] : ['node0', 'agency'])
        expect(identity.profile).to.equal('fisco')
        expect(identityOf({ privateKey: identity.privateKey })).to.equal(identity)
      })
    }
  })

  it('takes an encrypted key with its passphrase, and says when that is missing or wrong', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path)
    const files = filesOf(folder, 'node0')
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', files.key, '-out', folder.join('encrypted.key'), '-passout', 'pass:secret'])
    files.key = folder.join('encrypted.key')

    expect((await loadIdentity({ ...files, passphrase: 'secret' })).name).to.equal('node0')
    expect(await refusal(loadIdentity(files))).to.include({ rule: 'passphrase', file: files.key }).with.property('message').that.includes('missing')
    expect(await refusal(loadIdentity({ ...files, passphrase: 'wrong' }))).to.include({ rule: 'passphrase' }).with.property('message').that.includes('wrong')
  })

  it('keeps networks under one CA apart by the ID of the chain', async () => {
    await using folder = await temporaryFolder()
    await opensslChain(folder.path, { nodes: ['node0', 'node1'] })

    const [one, other, sameAsOne] = await Promise.all([
      loadFrom(folder), loadIdentity({ ...filesOf(folder, 'node0'), chainId: '2' }), loadFrom(folder, 'node1')
    ])

    expect(one.networkId).to.have.lengthOf(32)
    expect(one.networkId).to.deep.equal(sameAsOne.networkId)
    expect(one.networkId).to.not.deep.equal(other.networkId)
  })

  describe('refuses, and says what to do about it,', () => {
    it('a key that does not belong to the certificate, with both node IDs', async () => {
      await using folder = await temporaryFolder()
      const [node0, node1] = await opensslChain(folder.path, { nodes: ['node0', 'node1'] })
      const files = filesOf(folder, 'node0')
      const err = await refusal(loadIdentity({ ...files, key: folder.join('node1', 'node.key') }))

      expect(err).to.include({ rule: 'key-mismatch', file: folder.join('node1', 'node.key') })
      expect(err.message).to.include(node0.nodeId).and.include(node1.nodeId)
    })

    it('a file that it may not read, with its owner and mode', async () => {
      await using folder = await temporaryFolder()
      await opensslChain(folder.path)
      const { key } = filesOf(folder, 'node0')
      await Promise.all([chmod(folder.path, 0o755), chmod(dirname(key), 0o755), chmod(key, 0)])
      const user = process.geteuid?.()

      // nothing is closed to root
      if (user === 0) {
        process.seteuid?.(65_534)
      }

      try {
        expect((await refusal(loadFrom(folder))).message).to.match(/node\.key: unreadable: .* may not read it: its owner is user ID \d+, its mode 000; /)
      } finally {
        process.seteuid?.(user ?? 0)
      }
    })

    it('a P-256 leaf', async () => {
      await using folder = await temporaryFolder()
      await opensslChain(folder.path, { nodeCurve: 'prime256v1' })

      expect(await refusal(loadFrom(folder))).to.include({ rule: 'unsupported-key', file: folder.join('node0', 'node.crt') })
        .with.property('message').that.includes('use secp256k1, Ed25519 or RSA')
    })

    it('an expired certificate, and one that is not valid yet', async () => {
      await using folder = await temporaryFolder()
      await opensslChain(folder.path)
      const files = filesOf(folder, 'node0')
      const century = 101 * 366 * 24 * 60 * 60 * 1000

      expect(await refusal(loadIdentity({ ...files, now: () => Date.now() + century }))).to.include({ rule: 'expired', file: files.cert })
        .with.property('message').that.matches(/valid until .* have it renewed/).and.matches(/^[^:]*: expired: certificate of [^:]*: [^:]* valid until/)
      expect(await refusal(loadIdentity({ ...files, now: () => Date.now() - 60_000 }))).to.include({ rule: 'not-yet-valid', file: files.cert })
        .with.property('message').that.includes('check the clocks')
    })

    it('a certificate of another CA, and one without its agency', async () => {
      await using folder = await temporaryFolder()
      await using other = await temporaryFolder()
      await Promise.all([opensslChain(folder.path), opensslChain(other.path)])
      const files = filesOf(folder, 'node0')
      const [leaf] = (await readFile(files.cert, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/)
      await writeFile(folder.join('leaf.crt'), leaf)

      // both roots have the same name: only the signature tells them apart
      expect(await refusal(loadIdentity({ ...files, ca: other.join('ca.crt') }))).to.include({ rule: 'bad-signature', file: files.cert })
      expect(await refusal(loadIdentity({ ...files, cert: folder.join('leaf.crt') }))).to.include({ rule: 'untrusted-issuer' })
        .with.property('message').that.includes('add the agency\'s certificate')
    })

    it('files that are missing, empty, something else, or damaged', async () => {
      await using folder = await temporaryFolder()
      await opensslChain(folder.path)
      const files = filesOf(folder, 'node0')
      const damaged = (await readFile(files.cert, 'utf8')).replace('MII', 'AAA')
      await writeFile(folder.join('empty'), '')
      await writeFile(folder.join('damaged.crt'), damaged)

      expect(await refusal(loadIdentity({ ...files, key: folder.join('none.key') }))).to.include({ rule: 'unreadable', file: folder.join('none.key') })
        .with.property('message').that.includes('does not exist')
      expect(await refusal(loadIdentity({ ...files, key: files.cert }))).to.include({ rule: 'not-pem' })
      expect(await refusal(loadIdentity({ ...files, cert: folder.join('empty') }))).to.include({ rule: 'not-pem', file: folder.join('empty') })
      expect(await refusal(loadIdentity({ ...files, ca: folder.join('empty') }))).to.include({ rule: 'not-pem', file: folder.join('empty') })
      expect(await refusal(loadIdentity({ ...files, cert: folder.join('damaged.crt') }))).to.include({ rule: 'malformed', file: folder.join('damaged.crt') })
    })

    it('more CAs than it can trust', async () => {
      await using folder = await temporaryFolder()
      await opensslChain(folder.path)
      const files = filesOf(folder, 'node0')
      const [key, cert, ca] = await Promise.all([files.key, files.cert, files.ca].map(async file => readFile(file, 'utf8')))

      expect(() => createIdentity({ key, cert, ca: ca.repeat(65) })).to.throw(IdentityError, /ca\.crt: too-many-anchors/)
    })
  })
})
