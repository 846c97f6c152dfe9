/**
 * How long, in milliseconds, the other end may take to say whether it speaks the protocol of an early stream: what libp2p gives a
 * negotiation.
 */
export const DEFAULT_EARLY_TIMEOUT = 10_000

/**
 * Highest value of `earlyTimeout`, in milliseconds: one hour, as for all timeouts of this stack.
 */
export const MAX_EARLY_TIMEOUT = 3_600_000

/**
 * How many streams the other end of a connection may open in a second, and at a stretch. Each costs a tenth of a millisecond: this many take some 10 % of a core.
 */
export const DEFAULT_MAX_STREAMS_PER_SECOND = 1_000

/**
 * Highest value of `maxStreamsPerSecond`: no limit, in effect.
 */
export const MAX_STREAMS_PER_SECOND = 1_000_000

/**
 * Bytes of data below which a frame is copied out of what came with it.
 */
export const SMALL_FRAME = 1_024

/**
 * How many frames may wait for the other end of a connection while it reads nothing. An honest one that sends without reading makes some thousands of window updates wait until its link is cut.
 */
export const MAX_UNREAD_FRAMES = 65_536

/**
 * How many protocols that are not spoken the other end may ask for on one stream. libp2p's own asks for as many protocols as `newStream` is given, mostly one.
 */
export const MAX_NEGOTIATION_ANSWERS = 16

/**
 * The protocol by which streams agree on protocols (multistream-select 1.0.0), and its answer to one that is not spoken.
 */
export const MULTISTREAM = '/multistream/1.0.0'
export const NOT_AVAILABLE = 'na'

/**
 * Longest protocol id, in bytes: with its line end its length is one byte on the wire, and so early streams need no more.
 */
export const MAX_PROTOCOL_LENGTH = 126
