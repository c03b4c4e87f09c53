import { hash } from 'node:crypto'
import { isPlainPrototype } from '../base/plain.js'

/** Turns a parameter of a class of the application's own into a text; undefined when it is none of its classes. */
export type Encode = (value: object) => string | undefined

const MAX_DEPTH = 32

/**
 * One text for parameters that the database cannot tell apart, typed: `1`, `'1'`, `1n`, `null`, `undefined`, `-0` and `NaN` differ,
 * and so do a Date, bytes, lists and objects. Each part says its length, so no two lists of parameters share a text.
 *
 * A Date is its moment and the offset of the process's time zone then: clients send local times, which a column without a time zone
 * takes as they are. Objects are told apart by the order of their properties too, as a `json` column does.
 *
 * Undefined when something among them has no certain form: an instance of a class that `encode` does not know, a function, an object
 * that turns itself into JSON.
 */
export function paramsText(
  params: readonly unknown[] | Readonly<Record<string, unknown>> | undefined,
  encode?: Encode,
): string | undefined {
  if (params === undefined) return ''
  if (!Array.isArray(params)) return valueText(params, encode, 0)
  let text = ''
  for (let index = 0; index < params.length; index++) {
    const one = valueText(params[index], encode, 1)
    if (one === undefined) return undefined
    text += one
  }
  return text
}

function valueText(value: unknown, encode: Encode | undefined, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? `s${value.length}:${value}` : `S${JSON.stringify(value)}`
    case 'number':
      return Object.is(value, -0) ? 'n-0;' : `n${value};`
    case 'bigint':
      return `i${value};`
    case 'boolean':
      return value ? 't' : 'f'
    case 'undefined':
      return 'U'
    case 'object':
      return value === null ? 'N' : objectText(value, encode, depth)
    default:
      return undefined
  }
}

function objectText(value: object, encode: Encode | undefined, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return undefined
  const prototype = Object.getPrototypeOf(value) as object | null
  if (Array.isArray(value)) return listText(value, encode, depth)
  if (prototype === Date.prototype) {
    const date = value as Date
    return `d${date.getTime()}@${date.getTimezoneOffset()};`
  }
  if (ArrayBuffer.isView(value) && value.constructor?.name in globalThis) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return `b${value.constructor.name}:${hash('sha256', bytes, 'base64url')}`
  }
  const own = encode?.(value)
  if (own !== undefined) return `c${own.length}:${own}`
  return isPlainPrototype(prototype) ? recordText(value, encode, depth) : undefined
}

function listText(
  list: readonly unknown[],
  encode: Encode | undefined,
  depth: number,
): string | undefined {
  let text = `a${list.length}:`
  for (let index = 0; index < list.length; index++) {
    const one = valueText(list[index], encode, depth + 1)
    if (one === undefined) return undefined
    text += one
  }
  return text
}

function recordText(value: object, encode: Encode | undefined, depth: number): string | undefined {
  // What says itself how it is sent is not what it looks like.
  if ('toPostgres' in value || 'toJSON' in value || 'toSqlString' in value) return undefined
  const entries = Object.entries(value)
  let text = `o${entries.length}:`
  for (const [name, part] of entries) {
    const one = valueText(part, encode, depth + 1)
    if (one === undefined) return undefined
    text += `${name.length}:${name.isWellFormed() ? name : JSON.stringify(name)}${one}`
  }
  return text
}

/** Everything a key is made of besides the parameters. */
export interface KeyParts {
  readonly dialect: string
  readonly scope: string
  /** What the database's definitions were: answers under others are others. */
  readonly definitions: string
  readonly rowMode: string | undefined
  readonly parsers: string | undefined
  /** The process's time zone: clients make a Date of a time without a zone by it. */
  readonly zone: string
  /** Without trailing comments. */
  readonly sql: string
}

/** What comes before the parameters in what is hashed. */
export function keyPrefix(parts: KeyParts): string {
  const { dialect, scope, definitions, rowMode = '', parsers = '', zone, sql } = parts
  return [dialect, scope, definitions, rowMode, parsers, zone, sql]
    .map((part) => `${part.length}:${part}`)
    .join('')
}

/** The key of an answer: a digest, so that values of parameters are not readable in the store. */
export function queryKey(prefix: string, params: string): string {
  return `q:${hash('sha256', prefix + params, 'base64url')}`
}
