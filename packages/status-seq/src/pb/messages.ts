import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Record {
  version: number
  nodeId: Uint8Array<ArrayBuffer>
  incarnation: bigint
  seq: bigint
  entries: Entry[]
}

export namespace Record {
  let _codec: Codec<Record>

  export const codec = (): Codec<Record> => {
    if (_codec == null) {
      _codec = message<Record>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.nodeId != null && obj.nodeId.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.nodeId)
        }

        if ((obj.incarnation != null && obj.incarnation !== 0n)) {
          w.uint32(24)
          w.uint64(obj.incarnation)
        }

        if ((obj.seq != null && obj.seq !== 0n)) {
          w.uint32(32)
          w.uint64(obj.seq)
        }

        if (obj.entries != null && obj.entries.length > 0) {
          for (const value of obj.entries) {
            w.uint32(42)
            Entry.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          nodeId: uint8ArrayAlloc(0),
          incarnation: 0n,
          seq: 0n,
          entries: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.nodeId = reader.bytes()
              break
            }
            case 3: {
              obj.incarnation = reader.uint64()
              break
            }
            case 4: {
              obj.seq = reader.uint64()
              break
            }
            case 5: {
              if (opts.limits?.entries != null && obj.entries.length === opts.limits.entries) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              if (obj.entries.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              obj.entries.push(Entry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.entries$
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
          entries: 256
        }

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
            case 2: {
              yield {
                field: `${prefix}.nodeId`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.incarnation`,
                value: reader.uint64()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.seq`,
                value: reader.uint64()
              }
              break
            }
            case 5: {
              if (opts.limits?.entries != null && obj.entries === opts.limits.entries) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              if (obj.entries === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              for (const evt of Entry.codec().stream(reader, reader.uint32(), `${prefix}.entries[]`, {
                limits: opts.limits?.entries$
              })) {
                yield {
                  ...evt,
                  index: obj.entries
                }
              }

              obj.entries++

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

  export interface RecordVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface RecordNodeIdFieldEvent {
    field: '$.nodeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RecordIncarnationFieldEvent {
    field: '$.incarnation'
    value: bigint
  }

  export interface RecordSeqFieldEvent {
    field: '$.seq'
    value: bigint
  }

  export interface RecordEntriesNameFieldEvent {
    field: '$.entries[].name'
    value: string
    index: number
  }

  export interface RecordEntriesValueFieldEvent {
    field: '$.entries[].value'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export function encode (obj: Partial<Record>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Record.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Record>): Record {
    return decodeMessage(buf, Record.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Record>): Generator<RecordVersionFieldEvent | RecordNodeIdFieldEvent | RecordIncarnationFieldEvent | RecordSeqFieldEvent | RecordEntriesNameFieldEvent | RecordEntriesValueFieldEvent> {
    return streamMessage(buf, Record.codec(), opts)
  }
}

export interface Entry {
  name: string
  value: Uint8Array<ArrayBuffer>
}

export namespace Entry {
  let _codec: Codec<Entry>

  export const codec = (): Codec<Entry> => {
    if (_codec == null) {
      _codec = message<Entry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if ((obj.value != null && obj.value.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.value)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          value: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.value = reader.bytes()
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
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.value`,
                value: reader.bytes()
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

  export interface EntryNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface EntryValueFieldEvent {
    field: '$.value'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Entry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Entry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Entry>): Entry {
    return decodeMessage(buf, Entry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Entry>): Generator<EntryNameFieldEvent | EntryValueFieldEvent> {
    return streamMessage(buf, Entry.codec(), opts)
  }
}

export interface SignedRecord {
  record: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
  chain: Uint8Array<ArrayBuffer>[]
  age: bigint
}

export namespace SignedRecord {
  let _codec: Codec<SignedRecord>

  export const codec = (): Codec<SignedRecord> => {
    if (_codec == null) {
      _codec = message<SignedRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.record != null && obj.record.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.record)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.signature)
        }

        if (obj.chain != null && obj.chain.length > 0) {
          for (const value of obj.chain) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if ((obj.age != null && obj.age !== 0n)) {
          w.uint32(32)
          w.uint64(obj.age)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          record: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0),
          chain: [],
          age: 0n
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.record = reader.bytes()
              break
            }
            case 2: {
              obj.signature = reader.bytes()
              break
            }
            case 3: {
              if (opts.limits?.chain != null && obj.chain.length === opts.limits.chain) {
                throw new MaxLengthError('Decode error - repeated field "chain" had too many elements')
              }

              if (obj.chain.length === 4) {
                throw new MaxLengthError('Decode error - repeated field "chain" had too many elements')
              }

              obj.chain.push(reader.bytes())
              break
            }
            case 4: {
              obj.age = reader.uint64()
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
          chain: 4
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.record`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              if (opts.limits?.chain != null && obj.chain === opts.limits.chain) {
                throw new MaxLengthError('Streaming decode error - repeated field "chain" had too many elements')
              }

              if (obj.chain === 4) {
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
            case 4: {
              yield {
                field: `${prefix}.age`,
                value: reader.uint64()
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

  export interface SignedRecordRecordFieldEvent {
    field: '$.record'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedRecordSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedRecordChainFieldEvent {
    field: '$.chain[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedRecordAgeFieldEvent {
    field: '$.age'
    value: bigint
  }

  export function encode (obj: Partial<SignedRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SignedRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedRecord>): SignedRecord {
    return decodeMessage(buf, SignedRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedRecord>): Generator<SignedRecordRecordFieldEvent | SignedRecordSignatureFieldEvent | SignedRecordChainFieldEvent | SignedRecordAgeFieldEvent> {
    return streamMessage(buf, SignedRecord.codec(), opts)
  }
}

export interface Number {
  nodeId: Uint8Array<ArrayBuffer>
  incarnation: bigint
  seq: bigint
  hash: Uint8Array<ArrayBuffer>
}

export namespace Number {
  let _codec: Codec<Number>

  export const codec = (): Codec<Number> => {
    if (_codec == null) {
      _codec = message<Number>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.nodeId != null && obj.nodeId.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.nodeId)
        }

        if ((obj.incarnation != null && obj.incarnation !== 0n)) {
          w.uint32(16)
          w.uint64(obj.incarnation)
        }

        if ((obj.seq != null && obj.seq !== 0n)) {
          w.uint32(24)
          w.uint64(obj.seq)
        }

        if ((obj.hash != null && obj.hash.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.hash)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          nodeId: uint8ArrayAlloc(0),
          incarnation: 0n,
          seq: 0n,
          hash: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.nodeId = reader.bytes()
              break
            }
            case 2: {
              obj.incarnation = reader.uint64()
              break
            }
            case 3: {
              obj.seq = reader.uint64()
              break
            }
            case 4: {
              obj.hash = reader.bytes()
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
                field: `${prefix}.nodeId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.incarnation`,
                value: reader.uint64()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.seq`,
                value: reader.uint64()
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

  export interface NumberNodeIdFieldEvent {
    field: '$.nodeId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface NumberIncarnationFieldEvent {
    field: '$.incarnation'
    value: bigint
  }

  export interface NumberSeqFieldEvent {
    field: '$.seq'
    value: bigint
  }

  export interface NumberHashFieldEvent {
    field: '$.hash'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Number>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Number.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Number>): Number {
    return decodeMessage(buf, Number.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Number>): Generator<NumberNodeIdFieldEvent | NumberIncarnationFieldEvent | NumberSeqFieldEvent | NumberHashFieldEvent> {
    return streamMessage(buf, Number.codec(), opts)
  }
}

export interface Announce {
  incarnation: bigint
  seq: bigint
  digest: Uint8Array<ArrayBuffer>
}

export namespace Announce {
  let _codec: Codec<Announce>

  export const codec = (): Codec<Announce> => {
    if (_codec == null) {
      _codec = message<Announce>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.incarnation != null && obj.incarnation !== 0n)) {
          w.uint32(8)
          w.uint64(obj.incarnation)
        }

        if ((obj.seq != null && obj.seq !== 0n)) {
          w.uint32(16)
          w.uint64(obj.seq)
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.digest)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          incarnation: 0n,
          seq: 0n,
          digest: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.incarnation = reader.uint64()
              break
            }
            case 2: {
              obj.seq = reader.uint64()
              break
            }
            case 3: {
              obj.digest = reader.bytes()
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
                field: `${prefix}.incarnation`,
                value: reader.uint64()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.seq`,
                value: reader.uint64()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.digest`,
                value: reader.bytes()
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

  export interface AnnounceIncarnationFieldEvent {
    field: '$.incarnation'
    value: bigint
  }

  export interface AnnounceSeqFieldEvent {
    field: '$.seq'
    value: bigint
  }

  export interface AnnounceDigestFieldEvent {
    field: '$.digest'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Announce>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Announce.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announce>): Announce {
    return decodeMessage(buf, Announce.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announce>): Generator<AnnounceIncarnationFieldEvent | AnnounceSeqFieldEvent | AnnounceDigestFieldEvent> {
    return streamMessage(buf, Announce.codec(), opts)
  }
}

export interface List {
  from: Uint8Array<ArrayBuffer>
  to?: Uint8Array<ArrayBuffer>
  numbers: Number[]
}

export namespace List {
  let _codec: Codec<List>

  export const codec = (): Codec<List> => {
    if (_codec == null) {
      _codec = message<List>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.from != null && obj.from.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.from)
        }

        if (obj.to != null) {
          w.uint32(18)
          w.bytes(obj.to)
        }

        if (obj.numbers != null && obj.numbers.length > 0) {
          for (const value of obj.numbers) {
            w.uint32(26)
            Number.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          from: uint8ArrayAlloc(0),
          numbers: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.from = reader.bytes()
              break
            }
            case 2: {
              obj.to = reader.bytes()
              break
            }
            case 3: {
              if (opts.limits?.numbers != null && obj.numbers.length === opts.limits.numbers) {
                throw new MaxLengthError('Decode error - repeated field "numbers" had too many elements')
              }

              if (obj.numbers.length === 1024) {
                throw new MaxLengthError('Decode error - repeated field "numbers" had too many elements')
              }

              obj.numbers.push(Number.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.numbers$
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
          numbers: 1024
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.from`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.to`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              if (opts.limits?.numbers != null && obj.numbers === opts.limits.numbers) {
                throw new MaxLengthError('Streaming decode error - repeated field "numbers" had too many elements')
              }

              if (obj.numbers === 1024) {
                throw new MaxLengthError('Streaming decode error - repeated field "numbers" had too many elements')
              }

              for (const evt of Number.codec().stream(reader, reader.uint32(), `${prefix}.numbers[]`, {
                limits: opts.limits?.numbers$
              })) {
                yield {
                  ...evt,
                  index: obj.numbers
                }
              }

              obj.numbers++

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

  export interface ListFromFieldEvent {
    field: '$.from'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ListToFieldEvent {
    field: '$.to'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ListNumbersNodeIdFieldEvent {
    field: '$.numbers[].nodeId'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface ListNumbersIncarnationFieldEvent {
    field: '$.numbers[].incarnation'
    value: bigint
    index: number
  }

  export interface ListNumbersSeqFieldEvent {
    field: '$.numbers[].seq'
    value: bigint
    index: number
  }

  export interface ListNumbersHashFieldEvent {
    field: '$.numbers[].hash'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export function encode (obj: Partial<List>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, List.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<List>): List {
    return decodeMessage(buf, List.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<List>): Generator<ListFromFieldEvent | ListToFieldEvent | ListNumbersNodeIdFieldEvent | ListNumbersIncarnationFieldEvent | ListNumbersSeqFieldEvent | ListNumbersHashFieldEvent> {
    return streamMessage(buf, List.codec(), opts)
  }
}

export interface Compare {
  from: Uint8Array<ArrayBuffer>
  parts: Part[]
}

export namespace Compare {
  let _codec: Codec<Compare>

  export const codec = (): Codec<Compare> => {
    if (_codec == null) {
      _codec = message<Compare>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.from != null && obj.from.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.from)
        }

        if (obj.parts != null && obj.parts.length > 0) {
          for (const value of obj.parts) {
            w.uint32(18)
            Part.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          from: uint8ArrayAlloc(0),
          parts: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.from = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.parts != null && obj.parts.length === opts.limits.parts) {
                throw new MaxLengthError('Decode error - repeated field "parts" had too many elements')
              }

              if (obj.parts.length === 16) {
                throw new MaxLengthError('Decode error - repeated field "parts" had too many elements')
              }

              obj.parts.push(Part.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.parts$
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
          parts: 16
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.from`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.parts != null && obj.parts === opts.limits.parts) {
                throw new MaxLengthError('Streaming decode error - repeated field "parts" had too many elements')
              }

              if (obj.parts === 16) {
                throw new MaxLengthError('Streaming decode error - repeated field "parts" had too many elements')
              }

              for (const evt of Part.codec().stream(reader, reader.uint32(), `${prefix}.parts[]`, {
                limits: opts.limits?.parts$
              })) {
                yield {
                  ...evt,
                  index: obj.parts
                }
              }

              obj.parts++

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

  export interface CompareFromFieldEvent {
    field: '$.from'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ComparePartsDigestFieldEvent {
    field: '$.parts[].digest'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface ComparePartsToFieldEvent {
    field: '$.parts[].to'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export function encode (obj: Partial<Compare>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Compare.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Compare>): Compare {
    return decodeMessage(buf, Compare.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Compare>): Generator<CompareFromFieldEvent | ComparePartsDigestFieldEvent | ComparePartsToFieldEvent> {
    return streamMessage(buf, Compare.codec(), opts)
  }
}

export interface Part {
  digest: Uint8Array<ArrayBuffer>
  to?: Uint8Array<ArrayBuffer>
}

export namespace Part {
  let _codec: Codec<Part>

  export const codec = (): Codec<Part> => {
    if (_codec == null) {
      _codec = message<Part>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.digest)
        }

        if (obj.to != null) {
          w.uint32(18)
          w.bytes(obj.to)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          digest: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.digest = reader.bytes()
              break
            }
            case 2: {
              obj.to = reader.bytes()
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
                field: `${prefix}.digest`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.to`,
                value: reader.bytes()
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

  export interface PartDigestFieldEvent {
    field: '$.digest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface PartToFieldEvent {
    field: '$.to'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Part>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Part.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Part>): Part {
    return decodeMessage(buf, Part.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Part>): Generator<PartDigestFieldEvent | PartToFieldEvent> {
    return streamMessage(buf, Part.codec(), opts)
  }
}

export interface Request {
  nodeIds: Uint8Array<ArrayBuffer>[]
}

export namespace Request {
  let _codec: Codec<Request>

  export const codec = (): Codec<Request> => {
    if (_codec == null) {
      _codec = message<Request>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.nodeIds != null && obj.nodeIds.length > 0) {
          for (const value of obj.nodeIds) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          nodeIds: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.nodeIds != null && obj.nodeIds.length === opts.limits.nodeIds) {
                throw new MaxLengthError('Decode error - repeated field "nodeIds" had too many elements')
              }

              if (obj.nodeIds.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "nodeIds" had too many elements')
              }

              obj.nodeIds.push(reader.bytes())
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
          nodeIds: 256
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.nodeIds != null && obj.nodeIds === opts.limits.nodeIds) {
                throw new MaxLengthError('Streaming decode error - repeated field "nodeIds" had too many elements')
              }

              if (obj.nodeIds === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "nodeIds" had too many elements')
              }

              yield {
                field: `${prefix}.nodeIds[]`,
                index: obj.nodeIds,
                value: reader.bytes()
              }

              obj.nodeIds++

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

  export interface RequestNodeIdsFieldEvent {
    field: '$.nodeIds[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Request>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Request.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Request>): Request {
    return decodeMessage(buf, Request.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Request>): Generator<RequestNodeIdsFieldEvent> {
    return streamMessage(buf, Request.codec(), opts)
  }
}

export interface Records {
  records: SignedRecord[]
}

export namespace Records {
  let _codec: Codec<Records>

  export const codec = (): Codec<Records> => {
    if (_codec == null) {
      _codec = message<Records>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.records != null && obj.records.length > 0) {
          for (const value of obj.records) {
            w.uint32(10)
            SignedRecord.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          records: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.records != null && obj.records.length === opts.limits.records) {
                throw new MaxLengthError('Decode error - repeated field "records" had too many elements')
              }

              if (obj.records.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "records" had too many elements')
              }

              obj.records.push(SignedRecord.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.records$
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
          records: 256
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.records != null && obj.records === opts.limits.records) {
                throw new MaxLengthError('Streaming decode error - repeated field "records" had too many elements')
              }

              if (obj.records === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "records" had too many elements')
              }

              for (const evt of SignedRecord.codec().stream(reader, reader.uint32(), `${prefix}.records[]`, {
                limits: opts.limits?.records$
              })) {
                yield {
                  ...evt,
                  index: obj.records
                }
              }

              obj.records++

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

  export interface RecordsRecordsRecordFieldEvent {
    field: '$.records[].record'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RecordsRecordsSignatureFieldEvent {
    field: '$.records[].signature'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RecordsRecordsChainFieldEvent {
    field: '$.records[].chain[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface RecordsRecordsAgeFieldEvent {
    field: '$.records[].age'
    value: bigint
    index: number
  }

  export function encode (obj: Partial<Records>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Records.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Records>): Records {
    return decodeMessage(buf, Records.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Records>): Generator<RecordsRecordsRecordFieldEvent | RecordsRecordsSignatureFieldEvent | RecordsRecordsChainFieldEvent | RecordsRecordsAgeFieldEvent> {
    return streamMessage(buf, Records.codec(), opts)
  }
}

export interface StatusMessage {
  announce?: Announce
  lists: List[]
  request?: Request
  records?: Records
  compares: Compare[]
}

export namespace StatusMessage {
  let _codec: Codec<StatusMessage>

  export const codec = (): Codec<StatusMessage> => {
    if (_codec == null) {
      _codec = message<StatusMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.announce != null) {
          w.uint32(10)
          Announce.codec().encode(obj.announce, w)
        }

        if (obj.lists != null && obj.lists.length > 0) {
          for (const value of obj.lists) {
            w.uint32(18)
            List.codec().encode(value, w)
          }
        }

        if (obj.request != null) {
          w.uint32(26)
          Request.codec().encode(obj.request, w)
        }

        if (obj.records != null) {
          w.uint32(34)
          Records.codec().encode(obj.records, w)
        }

        if (obj.compares != null && obj.compares.length > 0) {
          for (const value of obj.compares) {
            w.uint32(42)
            Compare.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          lists: [],
          compares: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.announce = Announce.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.announce
              })
              break
            }
            case 2: {
              if (opts.limits?.lists != null && obj.lists.length === opts.limits.lists) {
                throw new MaxLengthError('Decode error - repeated field "lists" had too many elements')
              }

              if (obj.lists.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "lists" had too many elements')
              }

              obj.lists.push(List.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.lists$
              }))
              break
            }
            case 3: {
              obj.request = Request.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.request
              })
              break
            }
            case 4: {
              obj.records = Records.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.records
              })
              break
            }
            case 5: {
              if (opts.limits?.compares != null && obj.compares.length === opts.limits.compares) {
                throw new MaxLengthError('Decode error - repeated field "compares" had too many elements')
              }

              if (obj.compares.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "compares" had too many elements')
              }

              obj.compares.push(Compare.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.compares$
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
          lists: 256,
          compares: 256
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * Announce.codec().stream(reader, reader.uint32(), `${prefix}.announce`, {
                limits: opts.limits?.announce
              })

              break
            }
            case 2: {
              if (opts.limits?.lists != null && obj.lists === opts.limits.lists) {
                throw new MaxLengthError('Streaming decode error - repeated field "lists" had too many elements')
              }

              if (obj.lists === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "lists" had too many elements')
              }

              for (const evt of List.codec().stream(reader, reader.uint32(), `${prefix}.lists[]`, {
                limits: opts.limits?.lists$
              })) {
                yield {
                  ...evt,
                  index: obj.lists
                }
              }

              obj.lists++

              break
            }
            case 3: {
              yield * Request.codec().stream(reader, reader.uint32(), `${prefix}.request`, {
                limits: opts.limits?.request
              })

              break
            }
            case 4: {
              yield * Records.codec().stream(reader, reader.uint32(), `${prefix}.records`, {
                limits: opts.limits?.records
              })

              break
            }
            case 5: {
              if (opts.limits?.compares != null && obj.compares === opts.limits.compares) {
                throw new MaxLengthError('Streaming decode error - repeated field "compares" had too many elements')
              }

              if (obj.compares === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "compares" had too many elements')
              }

              for (const evt of Compare.codec().stream(reader, reader.uint32(), `${prefix}.compares[]`, {
                limits: opts.limits?.compares$
              })) {
                yield {
                  ...evt,
                  index: obj.compares
                }
              }

              obj.compares++

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

  export interface StatusMessageAnnounceIncarnationFieldEvent {
    field: '$.announce.incarnation'
    value: bigint
  }

  export interface StatusMessageAnnounceSeqFieldEvent {
    field: '$.announce.seq'
    value: bigint
  }

  export interface StatusMessageAnnounceDigestFieldEvent {
    field: '$.announce.digest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StatusMessageListsFromFieldEvent {
    field: '$.lists[].from'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageListsToFieldEvent {
    field: '$.lists[].to'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageListsNumbersNodeIdFieldEvent {
    field: '$.lists[].numbers[].nodeId'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageListsNumbersIncarnationFieldEvent {
    field: '$.lists[].numbers[].incarnation'
    value: bigint
    index: number
  }

  export interface StatusMessageListsNumbersSeqFieldEvent {
    field: '$.lists[].numbers[].seq'
    value: bigint
    index: number
  }

  export interface StatusMessageListsNumbersHashFieldEvent {
    field: '$.lists[].numbers[].hash'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageRequestNodeIdsFieldEvent {
    field: '$.request.nodeIds[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface StatusMessageRecordsRecordsRecordFieldEvent {
    field: '$.records.records[].record'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageRecordsRecordsSignatureFieldEvent {
    field: '$.records.records[].signature'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageRecordsRecordsChainFieldEvent {
    field: '$.records.records[].chain[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface StatusMessageRecordsRecordsAgeFieldEvent {
    field: '$.records.records[].age'
    value: bigint
    index: number
  }

  export interface StatusMessageComparesFromFieldEvent {
    field: '$.compares[].from'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageComparesPartsDigestFieldEvent {
    field: '$.compares[].parts[].digest'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StatusMessageComparesPartsToFieldEvent {
    field: '$.compares[].parts[].to'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export function encode (obj: Partial<StatusMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StatusMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusMessage>): StatusMessage {
    return decodeMessage(buf, StatusMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusMessage>): Generator<StatusMessageAnnounceIncarnationFieldEvent | StatusMessageAnnounceSeqFieldEvent | StatusMessageAnnounceDigestFieldEvent | StatusMessageListsFromFieldEvent | StatusMessageListsToFieldEvent | StatusMessageListsNumbersNodeIdFieldEvent | StatusMessageListsNumbersIncarnationFieldEvent | StatusMessageListsNumbersSeqFieldEvent | StatusMessageListsNumbersHashFieldEvent | StatusMessageRequestNodeIdsFieldEvent | StatusMessageRecordsRecordsRecordFieldEvent | StatusMessageRecordsRecordsSignatureFieldEvent | StatusMessageRecordsRecordsChainFieldEvent | StatusMessageRecordsRecordsAgeFieldEvent | StatusMessageComparesFromFieldEvent | StatusMessageComparesPartsDigestFieldEvent | StatusMessageComparesPartsToFieldEvent> {
    return streamMessage(buf, StatusMessage.codec(), opts)
  }
}
