/**
 * DER, written: each of these gives one encoded element. Nothing is checked, so that what is wrong can be written, too.
 */
export type Der = Buffer

export function tlv (tag: number, ...contents: Uint8Array[]): Der {
  const content = Buffer.concat(contents)

  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.byteLength), content])
}

export function lengthOctets (length: number): Der {
  if (length < 0x80) {
    return Buffer.from([length])
  }

  const hex = length.toString(16)
  const octets = Buffer.from(hex.padStart(hex.length + hex.length % 2, '0'), 'hex')

  return Buffer.from([0x80 | octets.byteLength, ...octets])
}

export function sequence (...contents: Uint8Array[]): Der {
  return tlv(0x30, ...contents)
}

export function set (...contents: Uint8Array[]): Der {
  return tlv(0x31, ...[...contents].sort((a, b) => Buffer.compare(a, b)))
}

export function boolean (value: boolean): Der {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]))
}

/**
 * A number of at most 48 bits.
 */
export function integer (value: number): Der {
  const bytes = Buffer.alloc(6)
  bytes.writeIntBE(value, 0, 6)

  return tlv(0x02, shortest(bytes))
}

function shortest (bytes: Uint8Array): Uint8Array {
  return bytes.byteLength > 1 && ((bytes[0] === 0 && bytes[1] < 0x80) || (bytes[0] === 0xff && bytes[1] >= 0x80)) ? shortest(bytes.subarray(1)) : bytes
}

export function oid (text: string): Der {
  const [root, second, ...rest] = text.split('.').map(Number)

  return tlv(0x06, Buffer.from([root * 40 + second, ...rest].flatMap(base128)))
}

function base128 (value: number): number[] {
  const octets = [value % 128]

  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift(0x80 | rest % 128)
  }

  return octets
}

export function utf8 (text: string): Der {
  return tlv(0x0c, Buffer.from(text))
}

export function octets (...contents: Uint8Array[]): Der {
  return tlv(0x04, ...contents)
}

export function bits (content: Uint8Array, unused = 0): Der {
  return tlv(0x03, Buffer.from([unused]), content)
}

/**
 * A UTCTime until 2049, a GeneralizedTime after it.
 */
export function time (date: Date): Der {
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
  const year = date.getUTCFullYear()

  return year >= 1950 && year < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits))
}

/**
 * A name of one attribute each, all UTF8String unless another tag is given: `name(['2.5.4.3', 'node0'])`.
 */
export function name (...attributes: Array<[type: string, text: string, tag?: number]>): Der {
  return sequence(...attributes.map(([type, text, tag = 0x0c]) => set(sequence(oid(type), tlv(tag, Buffer.from(text))))))
}

export function commonName (text: string): Der {
  return name(['2.5.4.3', text])
}
