import { errorClass, kindOf, viewName } from './kind.js'
import { isLatin1 } from './latin1.js'
import { errorFields, LONG_TEXT } from './value-walk.js'

/**
 * Values that JSON does not keep, as JSON with tags.
 *
 * Layout: a byte for the form, the length of the JSON (4 bytes, big endian), the JSON as UTF-8, then what is
 * kept as bytes, one after another. An array that begins with a string that begins with `~` is a tag:
 *
 *     ["~u"] undefined          ["~n", "NaN"] a number             ["~i", "12"] a bigint
 *     ["~d", 1700000000000]     ["~m", key, value, …] a Map        ["~s", value, …] a Set
 *     ["~l", href] a URL        ["~x", source, flags, lastIndex]   ["~e", class, name, field, …] an error
 *     ["~a", …] an array that looks like a tag     ["~o", name, value, …] an object without a prototype
 *     ["~b", class, length] bytes    ["~t", length] long text, one byte a character    ["~w", length] as UTF-8
 *     ["~r", n] the n-th object met, in a graph
 *
 * Long text stands outside because JSON looks at each of its characters, which costs ten times the copy.
 */
const TAG = '~'

interface Writing {
  /** What follows the JSON. */
  readonly blobs: Uint8Array[]
  /** The objects met and their numbers, in a graph. */
  readonly seen: Map<object, number> | undefined
}

/** Encodes a value that was surveyed. */
export function writeRich(value: unknown, graph: boolean, form: number): Buffer {
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
    case 'string':
      return value.length < LONG_TEXT || !value.isWellFormed() ? value : longText(value, writing)
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
    case 'array':
      return tagArray(value as readonly unknown[], writing)
    case 'object':
      return tagProperties(value as Readonly<Record<string, unknown>>, writing)
    case 'date':
      return ['~d', (value as Date).getTime()]
    case 'map': {
      const tagged: unknown[] = ['~m']
      for (const [key, kept] of value as Map<unknown, unknown>) {
        tagged.push(tag(key, writing), tag(kept, writing))
      }
      return tagged
    }
    case 'set': {
      const tagged: unknown[] = ['~s']
      for (const kept of value as Set<unknown>) tagged.push(tag(kept, writing))
      return tagged
    }
    case 'regexp': {
      const { source, flags, lastIndex } = value as RegExp
      return ['~x', source, flags, lastIndex]
    }
    case 'url':
      return ['~l', (value as URL).href]
    case 'error': {
      const tagged: unknown[] = ['~e', errorClass(value)]
      for (const [name, field] of errorFields(value as Error)) {
        tagged.push(name, tag(field, writing))
      }
      return tagged
    }
    case 'arraybuffer':
      return bytes('ArrayBuffer', new Uint8Array(value as ArrayBuffer), writing)
    case 'buffer':
      return bytes('Buffer', value as Buffer, writing)
    default: {
      const { buffer, byteOffset, byteLength } = value as ArrayBufferView
      return bytes(viewName(value), new Uint8Array(buffer, byteOffset, byteLength), writing)
    }
  }
}

function tagArray(values: readonly unknown[], writing: Writing): unknown[] {
  const [first] = values
  const tagged: unknown[] = typeof first === 'string' && first.startsWith(TAG) ? ['~a'] : []
  for (const value of values) tagged.push(tag(value, writing))
  return tagged
}

function tagProperties(value: Readonly<Record<string, unknown>>, writing: Writing): unknown {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null || !Object.hasOwn(prototype, 'isPrototypeOf')) {
    const tagged: unknown[] = ['~o']
    for (const [name, field] of Object.entries(value)) tagged.push(name, tag(field, writing))
    return tagged
  }
  const tagged: Record<string, unknown> = { ...value }
  for (const name in tagged) {
    const field = tagged[name]
    if (!Object.hasOwn(tagged, name)) continue
    const written = tag(field, writing)
    if (written !== field) tagged[name] = written
  }
  return tagged
}

function bytes(className: string, blob: Uint8Array, writing: Writing): unknown {
  writing.blobs.push(blob)
  return ['~b', className, blob.length]
}

function longText(text: string, writing: Writing): unknown {
  const narrow = isLatin1(text)
  const blob = Buffer.from(text, narrow ? 'latin1' : 'utf8')
  writing.blobs.push(blob)
  return [narrow ? '~t' : '~w', blob.length]
}
