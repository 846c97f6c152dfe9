import { CertificateRefusedError, MAX_INCARNATION_LEAD, peerIdToNodeId, publicKeyFromKeyObject } from '@fisco-libp2p/identity'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { CertificateMemory } from './certificate-memory.ts'
import { MAX_VERSION, MIN_VERSION } from './constants.ts'
import { HandshakeRefusedError } from './errors.ts'
import type { RefusalRule } from './errors.ts'
import type { ConfirmMessage } from './frame.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { Certificate, CertificateRole, CertificateRule, Identity, NodeId, Verdict } from '@fisco-libp2p/identity'
import type { PeerId } from '@libp2p/interface'

/**
 * OpenSSL's verdicts (x509_vfy.h, by the names that Node gives them) as our rules.
 */
const OPENSSL_RULES: Record<string, CertificateRule> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted-issuer',
  CERT_UNTRUSTED: 'untrusted-issuer',
  CERT_SIGNATURE_FAILURE: 'bad-signature',
  CERT_CHAIN_TOO_LONG: 'chain-too-long',
  INVALID_CA: 'not-a-ca',
  PATH_LENGTH_EXCEEDED: 'path-length',
  INVALID_PURPOSE: 'key-usage'
}

/**
 * Who the other end is, by the key in the certificate with which it made the TLS handshake.
 */
export interface ProvenPeer {
  certificate: Certificate
  nodeId: NodeId
  peerId: PeerId
}

/**
 * Judges what TLS itself proved: there is a certificate, it is of a key that can be a node's, OpenSSL accepts its chain.
 *
 * @param role - the other end's
 * @throws HandshakeRefusedError
 */
export function judgeTls (identity: Identity, facts: HandshakeSocket, role: CertificateRole, memory = new CertificateMemory()): ProvenPeer {
  if (facts.leaf == null) {
    throw refusal('no-certificate', 'the peer showed no certificate; every node needs one issued by the consortium\'s CA')
  }

  const certificate = certificateRule(() => memory.read(facts.leaf?.raw ?? new Uint8Array()))

  if (facts.opensslError != null) {
    throw explainOpenssl(identity, certificate, facts.opensslError, role)
  }

  try {
    const peerId = peerIdOf(certificate)

    if (identity.profile === 'modern' && peerId.type !== 'secp256k1' && facts.socket.getProtocol() === 'TLSv1.2') {
      throw refusal('tls-downgrade', 'both nodes can speak TLS 1.3, yet TLS 1.2 was negotiated: something between them changed the handshake')
    }

    return { certificate, nodeId: peerIdToNodeId(peerId), peerId }
  } catch (err) {
    throw err instanceof HandshakeRefusedError ? err : refusal('unsupported-key', `certificate of ${certificate.subject}: ${err.message}`)
  }
}

const peerIds = new WeakMap<Certificate, PeerId>()

/**
 * The PeerId of a certificate's key, the same one each time: libp2p computes the point of a secp256k1 key anew for each.
 *
 * @throws InvalidNodeIdError if it is no key of a node
 */
function peerIdOf (certificate: Certificate): PeerId {
  const peerId = peerIds.get(certificate) ?? peerIdFromPublicKey(publicKeyFromKeyObject(certificate.publicKey))
  peerIds.set(certificate, peerId)

  return peerId
}

/**
 * Judges what the other end says of itself.
 *
 * @param role - the other end's
 * @returns the verdict on its chain, and the version that both speak
 * @throws HandshakeRefusedError
 */
export function judgeConfirm (identity: Identity, peer: ProvenPeer, confirm: ConfirmMessage, role: CertificateRole, memory: CertificateMemory): { verdict: Verdict, version: number } {
  const chain = certificateRule(() => confirm.chain.map(der => memory.read(der)))

  if (chain[0]?.equals(peer.certificate) === false) {
    throw refusal('chain-mismatch', 'the peer confirmed another certificate than the one with which it made the TLS handshake')
  }

  const verdict = certificateRule(() => identity.trust.judge(chain, role))

  // from here on the peer is a member: it may hear more than a rule about its certificate
  if (Buffer.compare(confirm.networkId, identity.networkId) !== 0) {
    throw refusal('other-network', `node ${peer.nodeId} belongs to another network (${hex(confirm.networkId)}) than this node (${hex(identity.networkId)}): compare ca.crt and [chain] id of both`)
  }

  const version = Math.min(confirm.maxVersion, MAX_VERSION)

  if (version < MIN_VERSION || version < confirm.minVersion) {
    throw refusal('unsupported-version', `node ${peer.nodeId} speaks versions ${confirm.minVersion} to ${confirm.maxVersion} of the confirm exchange, this node ${MIN_VERSION} to ${MAX_VERSION}: upgrade the older one`)
  }

  if (confirm.incarnation > identity.trust.now() + MAX_INCARNATION_LEAD) {
    throw refusal('clock-skew', `node ${peer.nodeId} says that it was started more than 24 h in the future (${confirm.incarnation}): set the clocks of both nodes`)
  }

  memory.keep(chain)

  return { verdict, version }
}

/**
 * OpenSSL said no and gave a code. Our own judgement of the leaf says the same in more words where it comes to the same
 * rule; else the code has to do. Which CAs the peer showed in TLS is not known here, so nothing is said of them.
 */
function explainOpenssl (identity: Identity, certificate: Certificate, code: string, role: CertificateRole): HandshakeRefusedError {
  const rule = OPENSSL_RULES[code] as CertificateRule | undefined
  const who = `certificate of ${certificate.subject} (serial ${certificate.serial})`

  if (rule === 'untrusted-issuer') {
    const trusted = identity.trust.anchors.map(anchor => anchor.subject).join(' | ')

    return refusal(rule, `${who}: ${rule}: its issuer "${certificate.issuer}" does not lead to a CA that is trusted here (${trusted}); it is of another consortium, or its node.crt lacks the agency's certificate`)
  }

  try {
    identity.trust.judge([certificate], role)
  } catch (err) {
    if (err instanceof CertificateRefusedError && (rule == null || err.rule === rule)) {
      return refusal(err.rule, err.message)
    }
  }

  return refusal(rule ?? 'unspecified', `${who}, or a CA above it: ${rule ?? 'not accepted'}: OpenSSL says ${code}`)
}

function certificateRule <T> (judge: () => T): T {
  try {
    return judge()
  } catch (err) {
    throw err instanceof CertificateRefusedError ? refusal(err.rule, err.message) : err
  }
}

function refusal (rule: RefusalRule, text: string): HandshakeRefusedError {
  return new HandshakeRefusedError(rule, 'us', text)
}

function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 4)).toString('hex')
}
