/**
 * What one notice says, right or wrong.
 */
export interface WrittenNotice {
  issuer: Uint8Array
  number?: Uint8Array
  thisUpdate: number
  hash: Uint8Array
  size: number
}

/**
 * A status entry of CRLs as any software may write it (`CrlNotices` of the protocol, in protobuf): `encodeNotices` writes of true CRLs alone.
 */
export function noticeBytes (notices: readonly WrittenNotice[]): Uint8Array {
  return Buffer.concat(notices.map(({ issuer, number, thisUpdate, hash, size }) => bytesField(1, Buffer.concat([
    bytesField(1, issuer),
    ...(number == null ? [] : [bytesField(2, number)]),
    Buffer.of(3 << 3), varint(thisUpdate),
    bytesField(4, hash),
    Buffer.of(5 << 3), varint(size)
  ]))))
}

function bytesField (field: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(field << 3 | 2), varint(content.byteLength), content])
}

function varint (value: number): Buffer {
  const octets: number[] = []

  // unix milliseconds need more than the 32 bits of JavaScript's shifts
  for (; value >= 0x80; value = Math.floor(value / 0x80)) {
    octets.push(value % 0x80 | 0x80)
  }

  return Buffer.from([...octets, value])
}
