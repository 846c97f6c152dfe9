import type { NameConstraints } from './extensions.ts'
import type { GeneralName } from './general-name.ts'

/**
 * Which name of a certificate lies where a CA above it does not permit it (RFC 5280 section 4.2.1.10), or undefined.
 * A form of which the CA says nothing is not constrained; what is both permitted and excluded is excluded.
 *
 * @param names - its subject, unless that is empty, and all of its subjectAltName
 */
export function violatingName (constraints: NameConstraints, names: readonly GeneralName[]): GeneralName | undefined {
  return names.find(name => {
    const permitted = constraints.permitted.filter(base => base.form === name.form)

    return constraints.excluded.some(base => covers(base, name, true)) || (permitted.length > 0 && !permitted.some(base => covers(base, name, false)))
  })
}

/**
 * How much work {@link violatingName} is at most.
 */
export function comparisons (constraints: NameConstraints, names: readonly GeneralName[]): number {
  return (constraints.permitted.length + constraints.excluded.length) * names.length
}

function covers (base: GeneralName, name: GeneralName, excluded: boolean): boolean {
  if (base.form === 'dns' && name.form === 'dns') {
    return coversHost(base.text, name.text, excluded)
  }

  if (base.form === 'ip' && name.form === 'ip') {
    return coversAddress(base.bytes, name.bytes)
  }

  return base.form === 'directory' && name.form === 'directory' && base.name.canonical.every((rdn, i) => rdn === name.name.canonical[i])
}

/**
 * A base stands for itself and for every name with more labels in front of it. A name with a wildcard is excluded if one
 * of the names that it stands for is.
 */
function coversHost (base: string, name: string, excluded: boolean): boolean {
  if (base === '' || name === base || name.endsWith(`.${base}`)) {
    return true
  }

  return excluded && name.startsWith('*.') && base.slice(base.indexOf('.')) === name.slice(1)
}

function coversAddress (range: Uint8Array, address: Uint8Array): boolean {
  const size = address.byteLength

  return range.byteLength === size * 2 && address.every((octet, i) => ((octet ^ range[i]) & range[size + i]) === 0)
}
