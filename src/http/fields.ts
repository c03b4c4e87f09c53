import { endOfQuoted, trimWhitespace } from './tokens.js'

/**
 * Field values by lower-case name: what `IncomingMessage.headers` and `ServerResponse.getHeaders()` give.
 *
 * Several lines of one field are an array, or one value joined by commas.
 */
export type FieldValues = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** One field line. Names are lower-case wherever this package makes them; lines of one name keep their order. */
export type FieldLine = readonly [name: string, value: string]

const COMMA = 0x2c
const DQUOTE = 0x22

/**
 * The combined value of a field, its lines joined by `, ` (RFC 9110 section 5.3); `undefined` when it is absent.
 *
 * `name` is lower-case. What is not a field value (an inherited property named `constructor`, say) is absent.
 */
export function fieldValue(fields: FieldValues, name: string): string | undefined {
  const value: unknown = fields[name]
  if (typeof value === 'string') return value
  if (value === undefined) return undefined
  if (typeof value === 'number') return String(value)
  return Array.isArray(value) && value.length > 0 ? value.join(', ') : undefined
}

/** True when the field is there, be it empty. */
export function hasField(fields: FieldValues, name: string): boolean {
  return fieldValue(fields, name) !== undefined
}

/**
 * The members of a list-based field: trimmed, empty ones left out, commas inside quoted strings kept (RFC 9110
 * section 5.6.1.2).
 *
 * A quoted string that is never closed takes the rest of the value with it, so that its content cannot pass for members.
 */
export function splitList(value: string): string[] {
  const members: string[] = []
  let from = 0
  for (let at = 0; at <= value.length; at++) {
    const code = at < value.length ? value.charCodeAt(at) : COMMA
    if (code === DQUOTE) at = endOfQuoted(value, at) - 1
    else if (code === COMMA) {
      const member = trimWhitespace(value.slice(from, at))
      if (member !== '') members.push(member)
      from = at + 1
    }
  }
  return members
}

/** The lines as values by name, repeated names as arrays. The result has no prototype: any name is safe to look up. */
export function fieldsFromLines(lines: readonly FieldLine[]): FieldValues {
  const fields: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of lines) {
    const key = name.toLowerCase()
    const known = fields[key]
    if (known === undefined) fields[key] = value
    else if (typeof known === 'string') fields[key] = [known, value]
    else known.push(value)
  }
  return fields
}

/** The values as lines, one per array member. Absent values are left out. */
export function linesFromFields(fields: FieldValues): FieldLine[] {
  const lines: FieldLine[] = []
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (value === undefined) continue
    const key = name.toLowerCase()
    if (typeof value === 'object') for (const line of value) lines.push([key, line])
    else lines.push([key, String(value)])
  }
  return lines
}
