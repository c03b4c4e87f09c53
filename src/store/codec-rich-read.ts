import { ERRORS, VIEWS } from './kind.js'
import { newError, setErrorField } from './value-copy.js'

/**
 * Reads what codec-rich-write.ts writes, and anything else that may stand in its place.
 *
 * Nothing is put anywhere by name but into objects that JSON made, which have the name already, into
 * objects without a prototype, or with `defineProperty`. Classes come from a fixed list. Bytes are cut from
 * those that are there: no length makes it allocate.
 */
const MAX_DEPTH = 2_200

interface Reading {
  readonly bytes: Buffer
  /** Where the next blob begins. */
  at: number
  /** The objects met, by number, in a graph. */
  readonly seen: unknown[] | undefined
}

/** The value. @throws anything: the caller makes a `CacheError` of it. */
export function readRich(bytes: Buffer, graph: boolean): unknown {
  const end = 5 + bytes.readUInt32BE(1)
  const reading: Reading = { bytes, at: end, seen: graph ? [] : undefined }
  const value = revive(JSON.parse(bytes.toString('utf8', 5, end)), 0, reading)
  // also where something was cut that is not there
  if (reading.at !== bytes.length) throw new RangeError('bytes are missing or left over')
  return value
}

function revive(value: unknown, depth: number, reading: Reading): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep')
  if (!Array.isArray(value)) {
    met(value, reading)
    return reviveFields(value as Record<string, unknown>, depth, reading)
  }
  const first: unknown = value[0]
  if (typeof first === 'string' && first.startsWith('~')) {
    return reviveTag(first, value as unknown[], depth, reading)
  }
  return reviveElements(met(value as unknown[], reading), depth, reading)
}

function reviveElements(values: unknown[], depth: number, reading: Reading): unknown[] {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value === 'object' && value !== null)
      values[index] = revive(value, depth + 1, reading)
  }
  return values
}

function reviveFields(value: Record<string, unknown>, depth: number, reading: Reading): unknown {
  for (const name in value) {
    const field = value[name]
    if (typeof field === 'object' && field !== null && Object.hasOwn(value, name)) {
      const revived = revive(field, depth + 1, reading)
      // an own property, `__proto__` too: JSON.parse made it so
      if (revived !== field) value[name] = revived
    }
  }
  return value
}

function reviveTag(name: string, tagged: unknown[], depth: number, reading: Reading): unknown {
  switch (name) {
    case '~u':
      return undefined
    case '~n':
      return oddNumber(tagged[1])
    case '~i':
      return BigInt(text(tagged[1]))
    case '~t':
      return cut(tagged[1], reading).toString('latin1')
    case '~w':
      return cut(tagged[1], reading).toString('utf8')
    case '~r':
      return reference(tagged[1], reading)
    case '~a':
      tagged.shift()
      return reviveElements(met(tagged, reading), depth, reading)
    case '~d':
      return met(new Date(tagged[1] === null ? Number.NaN : integer(tagged[1])), reading)
    case '~l':
      return met(new URL(text(tagged[1])), reading)
    case '~x': {
      const regexp = met(new RegExp(text(tagged[1]), text(tagged[2])), reading)
      regexp.lastIndex = integer(tagged[3])
      return regexp
    }
    case '~b':
      return met(ofClass(text(tagged[1]), cut(tagged[2], reading)), reading)
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
    default:
      throw new TypeError(`unknown tag ${name}`)
  }
}

function met<T>(value: T, reading: Reading): T {
  reading.seen?.push(value)
  return value
}

function reference(number: unknown, { seen }: Reading): unknown {
  const at = integer(number)
  if (seen === undefined || at < 0 || at >= seen.length) throw new RangeError('no such object')
  return seen[at]
}

/** The next bytes, as a view. */
function cut(length: unknown, reading: Reading): Buffer {
  const from = reading.at
  const to = from + integer(length)
  if (to < from) throw new RangeError('bytes of a negative length')
  reading.at = to
  return reading.bytes.subarray(from, to)
}

/** A copy of the bytes as what they were. */
function ofClass(className: string, bytes: Buffer): unknown {
  if (className === 'Buffer') return Buffer.from(bytes)
  const own = new Uint8Array(bytes).buffer
  if (className === 'ArrayBuffer') return own
  const View = VIEWS.get(className)
  if (View === undefined) throw new TypeError(`no class ${className}`)
  return new View(own)
}

function oddNumber(value: unknown): number {
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
