import { latin1 } from './der-values.ts'
import { DerFields, TAG } from './der.ts'
import { InvalidDerError } from './errors.ts'
import { parseName } from './name.ts'
import type { DerNode } from './der.ts'
import type { Name } from './name.ts'

/**
 * A name of a subjectAltName, or the base of a name constraint (RFC 5280 section 4.2.1.6). Forms that no rule looks into
 * are only counted.
 */
export type GeneralName =
  | { form: 'dns', text: string }
  | { form: 'ip', bytes: Uint8Array }
  | { form: 'directory', name: Name }
  | { form: 'email' | 'uri', text: string }
  | { form: 'otherName' | 'x400Address' | 'ediPartyName' | 'registeredID' }

const OTHER_FORMS: Record<number, 'otherName' | 'x400Address' | 'ediPartyName' | 'registeredID'> = { 0xa0: 'otherName', 0xa3: 'x400Address', 0xa5: 'ediPartyName', 0x88: 'registeredID' }

/**
 * A label of a host name in the preferred syntax of RFC 1034, as RFC 5280 section 4.2.1.6 demands it. The last one is
 * not a number: an address stands in an iPAddress.
 */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const NUMBER = /(?:^|\.)\d+$/

/**
 * Reads the GeneralNames in a sequence, at least one.
 *
 * @param constraints - they are bases of name constraints: an address comes with its mask, and a host name stands for
 * all below it
 * @throws InvalidDerError also for a host name or an address that is none
 */
export function parseGeneralNames (nodes: readonly DerNode[], constraints = false): GeneralName[] {
  if (nodes.length === 0) {
    throw new InvalidDerError('a list of names is empty', 0)
  }

  return nodes.map(node => parseGeneralName(node, constraints))
}

function parseGeneralName (node: DerNode, constraint: boolean): GeneralName {
  switch (node.tag) {
    case 0x81:
      return { form: 'email', text: ia5Text(node) }
    case 0x82:
      return { form: 'dns', text: dnsName(ia5Text(node), constraint) }
    case 0xa4: {
      const fields = new DerFields(node, 'a directory name', 0xa4)
      const name = parseName(fields.next(TAG.sequence))
      fields.end()

      return { form: 'directory', name }
    }

    case 0x86:
      return { form: 'uri', text: ia5Text(node) }
    case 0x87:
      return { form: 'ip', bytes: constraint ? addressRange(node.content) : address(node.content) }
    default: {
      const form = OTHER_FORMS[node.tag]

      if (form == null) {
        throw new InvalidDerError('a name is of an unknown form', 0)
      }

      return { form }
    }
  }
}

function ia5Text ({ content }: DerNode): string {
  if (content.some(octet => octet >= 0x80)) {
    throw new InvalidDerError('a name has other characters than ASCII', 0)
  }

  return latin1(content)
}

function dnsName (text: string, constraint: boolean): string {
  // an empty base covers every host name; a wildcard stands for one label, the first, and only in a name
  const rest = constraint ? text : text.replace(/^\*\./, '')
  const valid = text.length <= 253 && rest.split('.').every(label => LABEL.test(label)) && !NUMBER.test(rest)

  if (!valid && !(constraint && text === '')) {
    throw new InvalidDerError(`a DNS name ${constraint ? 'in a name constraint ' : ''}is no host name`, 0)
  }

  return text.toLowerCase()
}

function address (bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength !== 4 && bytes.byteLength !== 16) {
    throw new InvalidDerError('an IP address has neither 4 nor 16 bytes', 0)
  }

  return bytes
}

/**
 * RFC 5280 section 4.2.1.10: address and mask, in the style of RFC 4632, so the ones of the mask come first.
 */
function addressRange (bytes: Uint8Array): Uint8Array {
  const mask = [...bytes.subarray(bytes.byteLength / 2)].map(octet => octet.toString(2).padStart(8, '0')).join('')

  if ((bytes.byteLength !== 8 && bytes.byteLength !== 32) || mask.includes('01')) {
    throw new InvalidDerError('an address range in a name constraint is no address and mask', 0)
  }

  return bytes
}
