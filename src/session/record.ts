import { CacheError } from '../base/errors.js'

/**
 * A session as it is kept: one text of JSON, since that is what both frameworks promise of their sessions, and what their own
 * comparison ("was it changed?") is made with. Its fields are compared and merged as the texts they are.
 */
export interface SessionRecord {
  /** The session's id: the key holds only a digest of it. */
  readonly id: string
  /** Drawn when the session began. A session that comes after it under the same id has another one. */
  readonly generation: string
  /** JSON of each field, by name. */
  readonly fields: ReadonlyMap<string, string>
}

/** Of a session, the fields that JSON has; the names of a prototype are no fields. */
const NO_FIELD = '__proto__'

/**
 * The fields of a session as JSON.
 *
 * What JSON leaves out by rule (functions, undefined) is left out. What it would silently turn into something else is refused.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` naming the field.
 */
export function fieldsOf(session: object): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(session)) {
    if (name === NO_FIELD) continue
    const text = textOf(name, value)
    if (text !== undefined) fields.set(name, text)
  }
  return fields
}

function textOf(field: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(value, refuse)
  } catch (cause) {
    if (cause instanceof CacheError) throw cause
    throw invalid(
      `the session's field ${JSON.stringify(field)} cannot be written as JSON: ${messageOf(cause)}`,
      cause,
    )
  }
}

/** For `JSON.stringify`: throws for what would come back as something else, and nobody would know. */
function refuse(this: unknown, name: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set || value instanceof WeakMap) {
    const what = value.constructor.name
    throw invalid(`a session holds a ${what} (${JSON.stringify(name)}); JSON has no such thing`)
  }
  if (typeof value === 'bigint') {
    throw invalid(`a session holds a bigint (${JSON.stringify(name)}); keep it as a text`)
  }
  return value
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}

function invalid(message: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_VALUE_INVALID', message, cause === undefined ? {} : { cause })
}

/**
 * The record as the text that is kept.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when it is longer than `maxBytes`.
 */
export function writeRecord(record: SessionRecord, maxBytes: number): string {
  let fields = ''
  for (const [name, text] of record.fields) {
    fields += `${fields === '' ? '' : ','}${JSON.stringify(name)}:${text}`
  }
  const { id, generation } = record
  const text = `${JSON.stringify([id, generation]).slice(0, -1)},{${fields}}]`
  // No text has more than three bytes for a unit of its length.
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) {
    throw invalid(
      `a session of ${Buffer.byteLength(text)} bytes is larger than maxBytes, ${maxBytes}; its largest field is ${largest(record)}`,
    )
  }
  return text
}

function largest({ fields }: SessionRecord): string {
  const [name = '', text = ''] =
    [...fields].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? []
  return `${JSON.stringify(name)} of about ${text.length}`
}

/** What is kept, as the record and the session's data anew; undefined for what is no session of this id. */
export function readRecord(
  kept: unknown,
  id?: string,
): { readonly record: SessionRecord; readonly data: SessionData } | undefined {
  if (typeof kept !== 'string') return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(kept)
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed)) return undefined
  const [own, generation, data] = parsed as unknown[]
  if (typeof own !== 'string' || (id !== undefined && own !== id)) return undefined
  if (typeof generation !== 'string' || typeof data !== 'object' || data === null) return undefined
  let fields: Map<string, string> | undefined
  return {
    // Most sessions that are read are not written: the texts are made when they are asked for.
    record: {
      id: own,
      generation,
      get fields() {
        return (fields ??= fieldsOf(JSON.parse(kept)[2] as object))
      },
    },
    data: data as SessionData,
  }
}

/** A session's data, as it comes from the store. */
export interface SessionData {
  cookie?: CookieData
  [field: string]: unknown
}

/** What both frameworks keep of the cookie, as far as it counts here. */
export interface CookieData {
  expires?: Date | string | null | false
  originalMaxAge?: number | null
  maxAge?: number | null
  [name: string]: unknown
}
