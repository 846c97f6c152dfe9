import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface CrlNotices {
  notices: CrlNotice[]
}

export namespace CrlNotices {
  let _codec: Codec<CrlNotices>

  export const codec = (): Codec<CrlNotices> => {
    if (_codec == null) {
      _codec = message<CrlNotices>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.notices != null && obj.notices.length > 0) {
          for (const value of obj.notices) {
            w.uint32(10)
            CrlNotice.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          notices: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.notices != null && obj.notices.length === opts.limits.notices) {
                throw new MaxLengthError('Decode error - repeated field "notices" had too many elements')
              }

              obj.notices.push(CrlNotice.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.notices$
              }))
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
          notices: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.notices != null && obj.notices === opts.limits.notices) {
                throw new MaxLengthError('Streaming decode error - repeated field "notices" had too many elements')
              }

              for (const evt of CrlNotice.codec().stream(reader, reader.uint32(), `${prefix}.notices[]`, {
                limits: opts.limits?.notices$
              })) {
                yield {
                  ...evt,
                  index: obj.notices
                }
              }

              obj.notices++

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

  export interface CrlNoticesNoticesIssuerFieldEvent {
    field: '$.notices[].issuer'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface CrlNoticesNoticesNumberFieldEvent {
    field: '$.notices[].number'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface CrlNoticesNoticesThisUpdateFieldEvent {
    field: '$.notices[].thisUpdate'
    value: number
    index: number
  }

  export interface CrlNoticesNoticesHashFieldEvent {
    field: '$.notices[].hash'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface CrlNoticesNoticesSizeFieldEvent {
    field: '$.notices[].size'
    value: number
    index: number
  }

  export function encode (obj: Partial<CrlNotices>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CrlNotices.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CrlNotices>): CrlNotices {
    return decodeMessage(buf, CrlNotices.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CrlNotices>): Generator<CrlNoticesNoticesIssuerFieldEvent | CrlNoticesNoticesNumberFieldEvent | CrlNoticesNoticesThisUpdateFieldEvent | CrlNoticesNoticesHashFieldEvent | CrlNoticesNoticesSizeFieldEvent> {
    return streamMessage(buf, CrlNotices.codec(), opts)
  }
}

export interface CrlNotice {
  issuer: Uint8Array<ArrayBuffer>
  number?: Uint8Array<ArrayBuffer>
  thisUpdate: number
  hash: Uint8Array<ArrayBuffer>
  size: number
}

export namespace CrlNotice {
  let _codec: Codec<CrlNotice>

  export const codec = (): Codec<CrlNotice> => {
    if (_codec == null) {
      _codec = message<CrlNotice>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.issuer != null && obj.issuer.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.issuer)
        }

        if (obj.number != null) {
          w.uint32(18)
          w.bytes(obj.number)
        }

        if ((obj.thisUpdate != null && obj.thisUpdate !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.thisUpdate)
        }

        if ((obj.hash != null && obj.hash.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.hash)
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(40)
          w.uint32(obj.size)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          issuer: uint8ArrayAlloc(0),
          thisUpdate: 0,
          hash: uint8ArrayAlloc(0),
          size: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.issuer = reader.bytes()
              break
            }
            case 2: {
              obj.number = reader.bytes()
              break
            }
            case 3: {
              obj.thisUpdate = reader.uint64Number()
              break
            }
            case 4: {
              obj.hash = reader.bytes()
              break
            }
            case 5: {
              obj.size = reader.uint32()
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
                field: `${prefix}.issuer`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.number`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.thisUpdate`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.hash`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.size`,
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

  export interface CrlNoticeIssuerFieldEvent {
    field: '$.issuer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface CrlNoticeNumberFieldEvent {
    field: '$.number'
    value: Uint8Array<ArrayBuffer>
  }

  export interface CrlNoticeThisUpdateFieldEvent {
    field: '$.thisUpdate'
    value: number
  }

  export interface CrlNoticeHashFieldEvent {
    field: '$.hash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface CrlNoticeSizeFieldEvent {
    field: '$.size'
    value: number
  }

  export function encode (obj: Partial<CrlNotice>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CrlNotice.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CrlNotice>): CrlNotice {
    return decodeMessage(buf, CrlNotice.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CrlNotice>): Generator<CrlNoticeIssuerFieldEvent | CrlNoticeNumberFieldEvent | CrlNoticeThisUpdateFieldEvent | CrlNoticeHashFieldEvent | CrlNoticeSizeFieldEvent> {
    return streamMessage(buf, CrlNotice.codec(), opts)
  }
}
