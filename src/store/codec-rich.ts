import { ERRORS, errorClass, kindOf, VIEWS, viewName } from './kind.js'
import { newError, setErrorField } from './value-copy.js'
import { errorFields } from './value-walk.js'

/**
 * Values that JSON does not keep, as JSON with tags.
 *
 * Layout: one byte for the form, the length of the JSON (4 bytes, big endian), the JSON, then the bytes of
 * all buffers and views one after another. An array that begins with a string that begins with `~` is a tag:
 *
 *     ["~u"] undefined          ["~n", "NaN"] a number       ["~i", "12"] a bigint
 *     ["~d", 1700000000000]     ["~m", key, value, …]        ["~s", value, …]
 *     ["~x", source, flags, lastIndex]   ["~l", href]        ["~e", class, name, field, …]
 *     ["~o", name, value, …] an object without a prototype   ["~a", …] an array that looks like a tag
 *     ["~b", class, length] the next bytes                   ["~r", n] the n-th object met, in a graph
 *
 * Reading puts nothing anywhere by name but into objects that JSON made, or with `defineProperty`; takes
 * classes from a fixed list; cuts bytes from those that are there. No length makes it allocate.
 */

const TAG = '~'
const MAX_DEPTH = 2_200

interface Writing {
  readonly blobs: Uint8Array[]
  readonly seen: Map<object, number> | undefined
}

/** Encodes a value that has been surveyed. */
export function encodeRich(value: unknown, graph: boolean, form: number): Buffer {
  const writing: Writing = { blobs: [], seen: graph ? new Map() : undefined }
  const json = JSON.stringify(tag(value, writing))
  const length = Buffer.byteLength(json)
  const head = Buffer.allocUnsafe(5 + length)
  head[0] = form
  head.writeUInt32BE(length, 1)
  head.write(json, 5, 'utf8')
  return writing.blobs.length === 0 ? head : Buffer.concat([head, ...writing.blobs])
}

function tag(value: unknown, writing: Writing): unknown {
  switch (typeof value) {
    case 'undefined':
      return ['~u']
    case 'bigint':
      return ['~i', String(value)]
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return value
      return ['~n', Object.is(value, -0) ? '-0' : String(value)]
    case 'object':
      return value === null ? null : tagObject(value, writing)
    default:
      return value
  }
}

function tagObject(value: object, writing: Writing): unknown {
  const { seen } = writing
  if (seen !== undefined) {
    const number = seen.get(value)
    if (number !== undefined) return ['~r', number]
    seen.set(value, seen.size)
  }
  switch (kindOf(value)) {
    case 'array': {
      const tagged = (value as unknown[]).map((part) => tag(part, writing))
      const [first] = tagged
      return typeof first === 'string' && first.startsWith(TAG) ? ['~a', ...tagged] : tagged
    }
    case 'object': {
      const prototype = Object.getPrototypeOf(value) as object | null
      if (prototype === null || !Object.hasOwn(prototype, 'isPrototypeOf')) {
        return ['~o', ...fields(Object.entries(value), writing)]
      }
      const tagged = { ...value } as Record<string, unknown>
      for (const name of Object.keys(tagged)) tagged[name] = tag(tagged[name], writing)
      return tagged
    }
    case 'date':
      return ['~d', (value as Date).getTime()]
    case 'map':
      return [
        '~m',
        ...[...(value as Map<unknown, unknown>)].flatMap(([key, kept]) => [
          tag(key, writing),
          tag(kept, writing),
        ]),
      ]
    case 'set':
      return ['~s', ...[...(value as Set<unknown>)].map((kept) => tag(kept, writing))]
    case 'regexp': {
      const { source, flags, lastIndex } = value as RegExp
      return ['~x', source, flags, lastIndex]
    }
    case 'url':
      return ['~l', (value as URL).href]
    case 'error':
      return ['~e', errorClass(value), ...fields(errorFields(value as Error), writing)]
    case 'arraybuffer':
      return blob('ArrayBuffer', new Uint8Array(value as ArrayBuffer), writing)
    case 'buffer':
      return blob('Buffer', value as Buffer, writing)
    default: {
      const { buffer, byteOffset, byteLength } = value as ArrayBufferView
      return blob(viewName(value), new Uint8Array(buffer, byteOffset, byteLength), writing)
    }
  }
}

function fields(
  entries: readonly (readonly [name: string, field: unknown])[],
  writing: Writing,
): unknown[] {
  return entries.flatMap(([name, field]) => [name, tag(field, writing)])
}

function blob(className: string, bytes: Uint8Array, writing: Writing): unknown {
  writing.blobs.push(bytes)
  return ['~b', className, bytes.length]
}

// ------------------------------------------------------------------------------------- reading

interface Reading {
  readonly bytes: Buffer
  /** Where the next bytes of a buffer are. */
  at: number
  readonly seen: unknown[] | undefined
}

/** Decodes what `encodeRich` made. @throws whatever: the caller turns it into a `CacheError`. */
export function decodeRich(bytes: Buffer, graph: boolean): unknown {
  const end = 5 + bytes.readUInt32BE(1)
  if (end > bytes.length) throw new RangeError('the JSON is cut off')
  const reading: Reading = { bytes, at: end, seen: graph ? [] : undefined }
  const value = revive(JSON.parse(bytes.toString('utf8', 5, end)), 0, reading)
  if (reading.at !== bytes.length) throw new RangeError('bytes are left over')
  return value
}

function revive(value: unknown, depth: number, reading: Reading): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep')
  if (!Array.isArray(value)) {
    reading.seen?.push(value)
    return reviveFields(value as Record<string, unknown>, depth, reading)
  }
  const first: unknown = value[0]
  if (typeof first === 'string' && first.startsWith(TAG)) {
    return reviveTag(first, value as unknown[], depth, reading)
  }
  reading.seen?.push(value)
  for (let index = 0; index < value.length; index++) {
    const part: unknown = value[index]
    if (typeof part === 'object' && part !== null) value[index] = revive(part, depth + 1, reading)
  }
  return value
}

function reviveFields(
  value: Record<string, unknown>,
  depth: number,
  reading: Reading,
): Record<string, unknown> {
  for (const name in value) {
    const field = value[name]
    if (typeof field === 'object' && field !== null && Object.hasOwn(value, name)) {
      // an own property, `__proto__` too: JSON.parse made it so
      value[name] = revive(field, depth + 1, reading)
    }
  }
  return value
}

function reviveTag(name: string, tagged: unknown[], depth: number, reading: Reading): unknown {
  const { seen } = reading
  switch (name) {
    case '~u':
      return undefined
    case '~n':
      return number(tagged[1])
    case '~i':
      return BigInt(text(tagged[1]))
    case '~r':
      return reference(tagged[1], reading)
    case '~d':
      return met(new Date(tagged[1] === null ? Number.NaN : integer(tagged[1])), reading)
    case '~a': {
      tagged.shift()
      seen?.push(tagged)
      for (let index = 0; index < tagged.length; index++) {
        tagged[index] = revive(tagged[index], depth + 1, reading)
      }
      return tagged
    }
    case '~m': {
      const map = met(new Map<unknown, unknown>(), reading)
      for (let index = 1; index < tagged.length; index += 2) {
        const key = revive(tagged[index], depth + 1, reading)
        map.set(key, revive(tagged[index + 1], depth + 1, reading))
      }
      return map
    }
    case '~s': {
      const set = met(new Set<unknown>(), reading)
      for (let index = 1; index < tagged.length; index++) {
        set.add(revive(tagged[index], depth + 1, reading))
      }
      return set
    }
    case '~o': {
      const bare = met(Object.create(null) as Record<string, unknown>, reading)
      for (let index = 1; index < tagged.length; index += 2) {
        bare[text(tagged[index])] = revive(tagged[index + 1], depth + 1, reading)
      }
      return bare
    }
    case '~e': {
      const className = text(tagged[1])
      if (className !== 'AggregateError' && !ERRORS.has(className)) throw new TypeError(className)
      const error = met(newError(className), reading)
      for (let index = 2; index < tagged.length; index += 2) {
        setErrorField(error, text(tagged[index]), revive(tagged[index + 1], depth + 1, reading))
      }
      return error
    }
    case '~x': {
      const regexp = met(new RegExp(text(tagged[1]), text(tagged[2])), reading)
      regexp.lastIndex = integer(tagged[3])
      return regexp
    }
    case '~l':
      return met(new URL(text(tagged[1])), reading)
    case '~b':
      return met(cut(text(tagged[1]), integer(tagged[2]), reading), reading)
    default:
      throw new TypeError(`unknown tag ${name}`)
  }
}

function met<T>(value: T, reading: Reading): T {
  reading.seen?.push(value)
  return value
}

function reference(index: unknown, { seen }: Reading): unknown {
  const at = integer(index)
  if (seen === undefined || at < 0 || at >= seen.length) throw new RangeError('no such object')
  return seen[at]
}

function cut(className: string, length: number, reading: Reading): unknown {
  const end = reading.at + length
  if (length < 0 || end > reading.bytes.length) throw new RangeError('the bytes are cut off')
  const part = reading.bytes.subarray(reading.at, end)
  reading.at = end
  if (className === 'Buffer') return Buffer.from(part)
  const own = new Uint8Array(part).buffer
  if (className === 'ArrayBuffer') return own
  const View = VIEWS.get(className)
  if (View === undefined) throw new TypeError(`no class ${className}`)
  return new View(own)
}

function number(value: unknown): number {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity' || value === '-0') {
    return Number(value)
  }
  throw new TypeError('not a number')
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TypeError('not a string')
}

function integer(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new TypeError('not an integer')
}
