import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface HandshakeFrame {
  confirm?: Confirm
  accept?: Accept
  refusal?: Refusal
}

export namespace HandshakeFrame {
  let _codec: Codec<HandshakeFrame>

  export const codec = (): Codec<HandshakeFrame> => {
    if (_codec == null) {
      _codec = message<HandshakeFrame>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.confirm != null) {
          w.uint32(10)
          Confirm.codec().encode(obj.confirm, w)
        }

        if (obj.accept != null) {
          w.uint32(18)
          Accept.codec().encode(obj.accept, w)
        }

        if (obj.refusal != null) {
          w.uint32(26)
          Refusal.codec().encode(obj.refusal, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.confirm = Confirm.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.confirm
              })
              break
            }
            case 2: {
              obj.accept = Accept.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.accept
              })
              break
            }
            case 3: {
              obj.refusal = Refusal.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.refusal
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * Confirm.codec().stream(reader, reader.uint32(), `${prefix}.confirm`, {
                limits: opts.limits?.confirm
              })

              break
            }
            case 2: {
              yield * Accept.codec().stream(reader, reader.uint32(), `${prefix}.accept`, {
                limits: opts.limits?.accept
              })

              break
            }
            case 3: {
              yield * Refusal.codec().stream(reader, reader.uint32(), `${prefix}.refusal`, {
                limits: opts.limits?.refusal
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HandshakeFrameConfirmMinVersionFieldEvent {
    field: '$.confirm.minVersion'
    value: number
  }

  export interface HandshakeFrameConfirmMaxVersionFieldEvent {
    field: '$.confirm.maxVersion'
    value: number
  }

  export interface HandshakeFrameConfirmNetworkIdFieldEvent {
    field: '$.confirm.networkId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HandshakeFrameConfirmIncarnationFieldEvent {
    field: '$.confirm.incarnation'
    value: bigint
  }

  export interface HandshakeFrameConfirmChainFieldEvent {
    field: '$.confirm.chain[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface HandshakeFrameAcceptVersionFieldEvent {
    field: '$.accept.version'
    value: number
  }

  export interface HandshakeFrameRefusalCodeFieldEvent {
    field: '$.refusal.code'
    value: number
  }

  export interface HandshakeFrameRefusalTextFieldEvent {
    field: '$.refusal.text'
    value: string
  }

  export function encode (obj: Partial<HandshakeFrame>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HandshakeFrame.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HandshakeFrame>): HandshakeFrame {
    return decodeMessage(buf, HandshakeFrame.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HandshakeFrame>): Generator<HandshakeFrameConfirmMinVersionFieldEvent | HandshakeFrameConfirmMaxVersionFieldEvent | HandshakeFrameConfirmNetworkIdFieldEvent | HandshakeFrameConfirmIncarnationFieldEvent | HandshakeFrameConfirmChainFieldEvent | HandshakeFrameAcceptVersionFieldEvent | HandshakeFrameRefusalCodeFieldEvent | HandshakeFrameRefusalTextFieldEvent> {
    return streamMessage(buf, HandshakeFrame.codec(), opts)
  }
}

export interface Confirm {
  minVersion: number
  maxVersion: number
  networkId: Uint8Array<ArrayBuffer>
  incarnation: bigint
  chain: Uint8Array<ArrayBuffer>[]
}

export namespace Confirm {
  let _codec: Codec<Confirm>

  export const codec = (): Codec<Confirm> => {
    if (_codec == null) {
      _codec = message<Confirm>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.minVersion != null && obj.minVersion !== 0)) {
          w.uint32(8)
          w.uint32(obj.minVersion)
        }

        if ((obj.maxVersion != null && obj.maxVersion !== 0)) {
          w.uint32(16)
          w.uint32(obj.maxVersion)
        }

        if ((obj.networkId != null && obj.networkId.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.networkId)
        }

        if ((obj.incarnation != null && obj.incarnation !== 0n)) {
          w.uint32(32)
          w.uint64(obj.incarnation)
        }

        if (obj.chain != null && obj.chain.length > 0) {
          for (const value of obj.chain) {
            w.uint32(42)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          minVersion: 0,
          maxVersion: 0,
          networkId: uint8ArrayAlloc(0),
          incarnation: 0n,
          chain: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.minVersion = reader.uint32()
              break
            }
            case 2: {
              obj.maxVersion = reader.uint32()
              break
            }
            case 3: {
              obj.networkId = reader.bytes()
              break
            }
            case 4: {
              obj.incarnation = reader.uint64()
              break
            }
            case 5: {
              if (opts.limits?.chain != null && obj.chain.length === opts.limits.chain) {
                throw new MaxLengthError('Decode error - repeated field "chain" had too many elements')
              }

              obj.chain.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          chain: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.minVersion`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.maxVersion`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.networkId`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.incarnation`,
                value: reader.uint64()
              }
              break
            }
            case 5: {
              if (opts.limits?.chain != null && obj.chain === opts.limits.chain) {
                throw new MaxLengthError('Streaming decode error - repeated field "chain" had too many elements')
              }

              yield {
                field: `${prefix}.chain[]`,
                index: obj.chain,
                value: reader.bytes()
              }

              obj.chain++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ConfirmMinVersionFieldEvent {
    field: '$.minVersion'
    value: number
  }

  export interface ConfirmMaxVersionFieldEvent {
    field: '$.maxVersion'
    value: number
  }

  export interface ConfirmNetworkIdFieldEvent {
    field: '$.networkId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ConfirmIncarnationFieldEvent {
    field: '$.incarnation'
    value: bigint
  }

  export interface ConfirmChainFieldEvent {
    field: '$.chain[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Confirm>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Confirm.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Confirm>): Confirm {
    return decodeMessage(buf, Confirm.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Confirm>): Generator<ConfirmMinVersionFieldEvent | ConfirmMaxVersionFieldEvent | ConfirmNetworkIdFieldEvent | ConfirmIncarnationFieldEvent | ConfirmChainFieldEvent> {
    return streamMessage(buf, Confirm.codec(), opts)
  }
}

export interface Accept {
  version: number
}

export namespace Accept {
  let _codec: Codec<Accept>

  export const codec = (): Codec<Accept> => {
    if (_codec == null) {
      _codec = message<Accept>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AcceptVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export function encode (obj: Partial<Accept>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Accept.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Accept {
    return decodeMessage(buf, Accept.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Generator<AcceptVersionFieldEvent> {
    return streamMessage(buf, Accept.codec(), opts)
  }
}

export interface Refusal {
  code: number
  text: string
}

export namespace Refusal {
  let _codec: Codec<Refusal>

  export const codec = (): Codec<Refusal> => {
    if (_codec == null) {
      _codec = message<Refusal>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== 0)) {
          w.uint32(8)
          w.uint32(obj.code)
        }

        if ((obj.text != null && obj.text !== '')) {
          w.uint32(18)
          w.string(obj.text)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: 0,
          text: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.uint32()
              break
            }
            case 2: {
              obj.text = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.code`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.text`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RefusalCodeFieldEvent {
    field: '$.code'
    value: number
  }

  export interface RefusalTextFieldEvent {
    field: '$.text'
    value: string
  }

  export function encode (obj: Partial<Refusal>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Refusal.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Refusal {
    return decodeMessage(buf, Refusal.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Generator<RefusalCodeFieldEvent | RefusalTextFieldEvent> {
    return streamMessage(buf, Refusal.codec(), opts)
  }
}
