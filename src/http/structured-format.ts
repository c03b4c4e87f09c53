import { CacheError, describe } from '../base/errors.js'
import {
  type BareItem,
  isKeyCode,
  isKeyStart,
  isTokenItemStart,
  type InnerList,
  type Item,
  MAX_INTEGER,
  type Member,
  NO_PARAMETERS,
  type Parameters,
} from './structured.js'
import { isTokenCode } from './tokens.js'

/**
 * Writing structured fields (RFC 9651 section 4.1). What has no form in the standard is refused, so that what is written
 * is always read back as the same.
 */

/** An integer item. */
export function integer(value: number, parameters: Parameters = NO_PARAMETERS): Item {
  return { item: { type: 'integer', value }, parameters }
}

/** A string item. */
export function string(value: string, parameters: Parameters = NO_PARAMETERS): Item {
  return { item: { type: 'string', value }, parameters }
}

/** A token item. */
export function token(value: string, parameters: Parameters = NO_PARAMETERS): Item {
  return { item: { type: 'token', value }, parameters }
}

/** A boolean item. */
export function boolean(value: boolean, parameters: Parameters = NO_PARAMETERS): Item {
  return { item: { type: 'boolean', value }, parameters }
}

/**
 * A list field. The empty list has no form: leave the field out.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when a member cannot be written.
 */
export function formatList(members: readonly Member[]): string {
  return members.map(formatMember).join(', ')
}

/**
 * A dictionary field. The empty dictionary has no form: leave the field out.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when a key or a member cannot be written.
 */
export function formatDictionary(members: Iterable<readonly [string, Member]>): string {
  const parts: string[] = []
  for (const [key, member] of members) {
    const isTrue = !('items' in member) && member.item.type === 'boolean' && member.item.value
    parts.push(
      isTrue
        ? formatKey(key) + formatParameters(member.parameters)
        : `${formatKey(key)}=${formatMember(member)}`,
    )
  }
  return parts.join(', ')
}

/**
 * An item field.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when it cannot be written.
 */
export function formatItem(item: Item): string {
  return formatBareItem(item.item) + formatParameters(item.parameters)
}

function formatMember(member: Member): string {
  return 'items' in member ? formatInnerList(member) : formatItem(member)
}

function formatInnerList(list: InnerList): string {
  return `(${list.items.map(formatItem).join(' ')})${formatParameters(list.parameters)}`
}

function formatParameters(parameters: Parameters): string {
  let text = ''
  for (const [key, value] of parameters) {
    text += `;${formatKey(key)}`
    if (value.type !== 'boolean' || !value.value) text += `=${formatBareItem(value)}`
  }
  return text
}

function formatKey(key: string): string {
  let valid = isKeyStart(key.charCodeAt(0))
  for (let at = 1; valid && at < key.length; at++) valid = isKeyCode(key.charCodeAt(at))
  if (!valid) throw unwritable('key', key)
  return key
}

/** A bare item (section 4.1.3.1). */
export function formatBareItem(item: BareItem): string {
  switch (item.type) {
    case 'integer':
      return formatInteger(item.value)
    case 'decimal':
      return formatDecimal(item.value)
    case 'date':
      return `@${formatInteger(item.value)}`
    case 'string':
      return formatString(item.value)
    case 'token':
      return formatToken(item.value)
    case 'display':
      return formatDisplay(item.value)
    case 'boolean':
      return item.value ? '?1' : '?0'
    default:
      return `:${Buffer.from(item.value).toString('base64')}:`
  }
}

function formatInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > MAX_INTEGER) throw unwritable('integer', value)
  return String(value === 0 ? 0 : value)
}

/** Section 4.1.5: three digits behind the point at most, halves to the even neighbour, one digit at least. */
function formatDecimal(value: number): string {
  if (!Number.isFinite(value)) throw unwritable('decimal', value)
  const thousandths = value * 1000
  const below = Math.floor(thousandths)
  const rest = thousandths - below
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0)
  const rounded = (below + (up ? 1 : 0)) / 1000
  if (Math.abs(rounded) >= 1e12) throw unwritable('decimal', value)
  const text = (rounded === 0 ? 0 : rounded).toFixed(3)
  return text.replace(/0{1,2}$/, '')
}

function formatString(value: string): string {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) throw unwritable('string', value)
  }
  return `"${value.replace(/[\\"]/g, String.raw`\$&`)}"`
}

function formatToken(value: string): string {
  let valid = isTokenItemStart(value.charCodeAt(0))
  for (let at = 1; valid && at < value.length; at++) {
    const code = value.charCodeAt(at)
    valid = isTokenCode(code) || code === 0x3a || code === 0x2f
  }
  if (!valid) throw unwritable('token', value)
  return value
}

/** Section 4.1.11: UTF-8, with `%`, quotes and everything outside printable ASCII percent-encoded. */
function formatDisplay(value: string): string {
  if (!value.isWellFormed()) throw unwritable('display string', value)
  let text = '%"'
  for (const byte of Buffer.from(value, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x22
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return `${text}"`
}

function unwritable(kind: string, value: unknown): CacheError {
  return new CacheError(
    'CACHE_VALUE_INVALID',
    `a structured field cannot hold ${describe(value)} as a ${kind}`,
    { received: value },
  )
}
