import { describePeer, setPeerCertificate } from '@fisco-libp2p/identity'
import { UnexpectedPeerError } from '@libp2p/interface'
import { MAX_VERSION, MIN_VERSION } from './constants.ts'
import { explainRefusal, FIRST_CODE_WITH_TEXT, HandshakeRefusedError, REFUSAL_CODES } from './errors.ts'
import { FrameSocket } from './frame-socket.ts'
import { judgeConfirm, judgeTls } from './judge.ts'
import type { CertificateMemory } from './certificate-memory.ts'
import type { Frame } from './frame.ts'
import type { HandshakeSocket } from './handshake-socket.ts'
import type { ProvenPeer } from './judge.ts'
import type { CertificateRole, Identity } from '@fisco-libp2p/identity'
import type { PeerId } from '@libp2p/interface'

/**
 * What the confirm exchange needs to know.
 */
export interface ConfirmContext {
  identity: Identity

  /**
   * What this end has shown in TLS: its certificate and those of the agencies above it.
   */
  chain: Identity['chain']

  /**
   * What is known from earlier handshakes.
   */
  certificates: CertificateMemory

  /**
   * This node's incarnation.
   */
  incarnation: number

  /**
   * The role of the other end.
   */
  role: CertificateRole

  /**
   * Whom the dialler meant to reach.
   */
  expected?: PeerId

  /**
   * What identifies the connection to everyone above: its facts are kept under `timeline`.
   */
  connection: { timeline: object }

  /**
   * Asked when the peer has proven who it is, and before it is accepted: may it be connected?
   *
   * @throws HandshakeRefusedError if not
   */
  expectWelcome (peer: ProvenPeer): Promise<void>

  /**
   * Called as soon as the other end has proven its key.
   */
  onProven (peer: ProvenPeer): void
}

/**
 * A confirm exchange in which this end has accepted the other one.
 */
export interface ConfirmedPeer {
  peer: ProvenPeer

  /**
   * Settles when the other end has accepted, too, or has not. Nobody else reads from the socket before. Rejects with a
   * HandshakeRefusedError, with a HandshakeFailedError if the connection ends, with whatever the signal was aborted with.
   */
  accepted: Promise<void>
}

/**
 * The exchange by which both ends know that *both* have accepted (docs/PROTOCOLS.md, "Confirm exchange"): each sends a
 * confirm when TLS is done, an accept when it has judged the other's, and a refusal instead of either.
 *
 * @returns when this end has accepted the other one
 * @throws HandshakeRefusedError, UnexpectedPeerError; HandshakeFailedError if the connection ends
 */
export async function confirmExchange (facts: HandshakeSocket, context: ConfirmContext, signal: AbortSignal): Promise<ConfirmedPeer> {
  const frames = new FrameSocket(facts.socket)
  const peer = await refusing(frames, async () => {
    const peer = judgeTls(context.identity, facts, context.role, context.certificates)
    context.onProven(peer)
    checkExpected(peer, context)
    frames.write(ownConfirm(context))

    const { confirm } = expectFrame(await frames.read(signal), 'confirm')
    const { verdict, version } = judgeConfirm(context.identity, peer, confirm, context.role, context.certificates)

    setPeerCertificate(context.connection, describePeer(peer.nodeId, verdict, {
      incarnation: confirm.incarnation,
      tlsVersion: facts.socket.getProtocol() ?? '',
      cipher: facts.socket.getCipher().standardName
    }))

    await context.expectWelcome(peer)
    frames.write({ type: 'accept', version })

    return peer
  })

  const accepted = refusing(frames, async () => {
    expectFrame(await frames.read(signal), 'accept')
    frames.release()
  })

  return { peer, accepted }
}

/**
 * Does a part of the exchange. If it fails on this side, the other one is told why before the error goes on.
 */
async function refusing <T> (frames: FrameSocket, part: () => Promise<T>): Promise<T> {
  try {
    return await part()
  } catch (err) {
    if (err instanceof HandshakeRefusedError && err.refusedBy === 'us') {
      await frames.refuse(err.rule, REFUSAL_CODES[err.rule] < FIRST_CODE_WITH_TEXT ? '' : err.text)
    } else if (err.name === 'UnexpectedPeerError' && !(err instanceof HandshakeRefusedError)) {
      await frames.refuse('unexpected-peer', err.message)
    }

    throw err
  }
}

function ownConfirm ({ identity, chain, incarnation }: ConfirmContext): Frame {
  return {
    type: 'confirm',
    confirm: {
      minVersion: MIN_VERSION,
      maxVersion: MAX_VERSION,
      networkId: identity.networkId,
      incarnation,
      chain: chain.map(certificate => certificate.der)
    }
  }
}

function checkExpected (peer: ProvenPeer, { expected }: ConfirmContext): void {
  if (expected != null && !expected.equals(peer.peerId)) {
    throw new UnexpectedPeerError(`Expected node ${expected.toString()} at this address, found ${peer.peerId.toString()} (node ID ${peer.nodeId}, "${peer.certificate.commonName}"): correct the address or the /p2p part of it`)
  }
}

function expectFrame <Type extends 'confirm' | 'accept'> (frame: Frame, type: Type): Extract<Frame, { type: Type }> {
  if (frame.type === 'refusal') {
    throw new HandshakeRefusedError(frame.rule, 'them', frame.text === '' ? explainRefusal(frame.rule) : frame.text)
  }

  if (frame.type !== type) {
    throw new HandshakeRefusedError('malformed', 'us', `it sent ${frame.type} where ${type} was due in the confirm exchange`)
  }

  return frame as Extract<Frame, { type: Type }>
}
