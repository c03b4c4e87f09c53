import { CacheError, describe } from './errors.js'
import { isPlainPrototype } from './plain.js'

/**
 * One text for each key, so that it can be looked up in a map and named on a server.
 *
 * A string is its own text. A structure becomes U+0001 and a typed notation that reads like source code:
 * `['user',5]`, `(page:2,q:'x')`, `12n`, `@1700000000000` for a Date, `#aGk` for bytes. Text is quoted and
 * numbers are not, so `1` is not `'1'`; quotes and backslashes are escaped, so no two keys share a text.
 * Two keys have one text exactly when they are deeply equal, but for `-0`, which is `0`, and for bytes,
 * where a Buffer and a Uint8Array are the same. `undefined` is a value like any other: `{ a: undefined }`
 * is not `{}`. Names of properties are sorted.
 */

/** What entries are found by: a string, or a structure of strings, numbers, bigints, booleans, null, undefined, Dates and bytes. */
export type Key = string | number | bigint | readonly unknown[] | object

const STRUCTURE = '\u0001'
const MAX_DEPTH = 64
/** Parts of one key; more is a mistake, or one structure repeated inside itself many times over. */
const MAX_PARTS = 100_000
const MAX_TAG_LENGTH = 1_024
const MAX_NAMES = 2_000

/** Where the walk is, for messages: the names taken at each depth. Overwritten as it goes, never cleared. */
const trail: (string | number)[] = []
/** Property names as they are written; programs have few. */
const names = new Map<string, string>()
let parts = 0
/** Whether each text is looked at for lone surrogates: only to say where one is. */
let careful = false

/**
 * The canonical text of a key.
 *
 * @throws {CacheError} `CACHE_KEY_INVALID` with the path, for a key that is empty (`''`, `[]`, `{}`, null, undefined), holds a lone
 * surrogate, a function, a symbol, a Map or Set, an instance of a class, contains itself, or is nested deeper than 64.
 */
export function canonicalKey(key: Key): string {
  if (typeof key === 'string') {
    if (key === '') throw invalidKey(key, 0, 'must not be empty')
    if (!key.isWellFormed()) throw invalidKey(key, 0, 'holds a lone surrogate')
    return key.charCodeAt(0) === 1 ? STRUCTURE + key : key
  }
  parts = 0
  if (typeof key === 'object' && key !== null) {
    const text = STRUCTURE + writeObject(key, 0)
    if (text.length === 3 && (text.endsWith('[]') || text.endsWith('()'))) {
      throw invalidKey(key, 0, 'must not be empty')
    }
    // a quote stands between any two texts, so no halves meet that were apart
    if (!text.isWellFormed()) throw loneSurrogate(key)
    return text
  }
  if (typeof key === 'number' || typeof key === 'bigint') return STRUCTURE + write(key, 0)
  throw invalidKey(
    key,
    0,
    `must be a string, a number, a bigint, an array or an object; received ${describe(key)}`,
  )
}

/** A canonical key as a person reads it, for messages and events. */
export function readableKey(canonical: string): string {
  return canonical.charCodeAt(0) === 1 ? canonical.slice(1) : canonical
}

/**
 * Passes a tag that is a non-empty well-formed string of at most 1,024 characters.
 *
 * @throws {CacheError} `CACHE_TAG_INVALID` for anything else.
 */
export function assertTag(tag: unknown): asserts tag is string {
  if (typeof tag !== 'string' || tag === '' || tag.length > MAX_TAG_LENGTH || !tag.isWellFormed()) {
    throw new CacheError(
      'CACHE_TAG_INVALID',
      `a tag must be a non-empty string of at most ${MAX_TAG_LENGTH} characters, without lone surrogates; received ${describe(tag)}`,
      { key: describe(tag), received: tag },
    )
  }
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value, depth)
    case 'number':
      return String(value)
    case 'bigint':
      return `${value}n`
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return 'undefined'
    case 'object':
      return value === null ? 'null' : writeObject(value, depth)
    default:
      throw noForm(value, depth)
  }
}

function writeObject(value: object, depth: number): string {
  if (depth >= MAX_DEPTH) {
    throw invalidKey(value, depth, `is nested deeper than ${MAX_DEPTH}, or contains itself`)
  }
  if (Array.isArray(value)) return writeArray(value, depth)
  if (isPlainPrototype(Object.getPrototypeOf(value) as object | null)) {
    return writeProperties(value as Readonly<Record<string, unknown>>, depth)
  }
  if (value instanceof Date) return `@${value.getTime()}`
  if (value instanceof Uint8Array) return `#${toBase64url(value)}`
  throw noForm(value, depth)
}

function writeArray(values: readonly unknown[], depth: number): string {
  if ((parts += values.length) > MAX_PARTS) throw invalidKey(values, depth, 'has too many parts')
  let text = '['
  for (let index = 0; index < values.length; index++) {
    trail[depth] = index
    const part = write(values[index], depth + 1)
    text += index === 0 ? part : `,${part}`
  }
  return `${text}]`
}

function writeProperties(value: Readonly<Record<string, unknown>>, depth: number): string {
  const keys = Object.keys(value)
  if ((parts += keys.length) > MAX_PARTS) throw invalidKey(value, depth, 'has too many parts')
  sort(keys)
  let text = '('
  for (let index = 0; index < keys.length; index++) {
    const name = keys[index]!
    trail[depth] = name
    const part = `${names.get(name) ?? writeName(name, depth)}:${write(value[name], depth + 1)}`
    text += index === 0 ? part : `,${part}`
  }
  return `${text})`
}

/** Few names, and often in order: by insertion it is a quarter of the time. */
function sort(names: string[]): void {
  if (names.length > 16) {
    names.sort()
    return
  }
  for (let index = 1; index < names.length; index++) {
    const name = names[index]!
    let before = index - 1
    while (before >= 0 && names[before]! > name) {
      names[before + 1] = names[before]!
      before--
    }
    names[before + 1] = name
  }
}

function writeName(name: string, depth: number): string {
  const text = /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name, depth + 1)
  if (names.size < MAX_NAMES && name.length <= 64) names.set(name, text)
  return text
}

function quote(text: string, depth: number): string {
  if (careful && !text.isWellFormed()) throw invalidKey(text, depth, 'holds a lone surrogate')
  return text.includes("'") || text.includes('\\')
    ? `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
    : `'${text}'`
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

function noForm(value: unknown, depth: number): CacheError {
  return invalidKey(
    value,
    depth,
    `${describe(value)} has no canonical form; take a text or number of it instead`,
  )
}

/** Walks once more to find where it is. */
function loneSurrogate(key: object): CacheError {
  careful = true
  try {
    writeObject(key, 0)
  } catch (error) {
    if (error instanceof CacheError) return error
  } finally {
    careful = false
  }
  return invalidKey(key, 0, 'holds a lone surrogate')
}

function invalidKey(received: unknown, depth: number, reason: string): CacheError {
  const path = trail
    .slice(0, depth)
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
  const where = path === '' ? '' : ` at $${path.length > 200 ? `${path.slice(0, 200)}…` : path}`
  return new CacheError('CACHE_KEY_INVALID', `key${where}: ${reason}`, {
    key: describe(received),
    received,
  })
}
