import { hash } from 'node:crypto'
import type { Values } from '../../src/query/write.js'

/** What a statement was given, as both clients take it: values in their places, and values by name in one object. */
export interface Given {
  readonly places: readonly unknown[]
  readonly names: Readonly<Record<string, unknown>> | undefined
}

/** Longer texts and bytes stand in a key by their digest. */
const LONGEST = 256

/** Undefined for a form that no client takes, so that the client says so. */
export function readGiven(values: readonly unknown[]): Given | undefined {
  if (values.every((value) => !isContainer(value))) return { places: values, names: undefined }
  const places: unknown[] = []
  let names: Given['names']
  for (const value of values) {
    if (!isContainer(value)) places.push(value)
    else if (Array.isArray(value)) places.push(...(value as unknown[]))
    else if (names === undefined && isRecord(value)) names = value
    else return undefined
  }
  return { places, names }
}

/** A list of values, or an object of named ones. */
function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}

/** Nothing inherited: a client looks a name up on the object, whoever has it. */
function isRecord(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** One text for these values and no others, typed: `1`, `1n` and `'1'` differ. Undefined when a value is none that SQLite takes. */
export function keyOfGiven({ places, names }: Given): string | undefined {
  let key = ''
  for (const value of places) {
    const part = keyOfValue(value)
    if (part === undefined) return undefined
    key += part
  }
  if (names === undefined) return key
  for (const name of Object.keys(names).toSorted()) {
    const part = keyOfValue(names[name])
    if (part === undefined) return undefined
    key += `:${name.length}:${name}${part}`
  }
  return key
}

/** Each form begins with its type and says its length where it has none by itself, so that no two joined ones look alike. */
function keyOfValue(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST
        ? `S${value.length},${hash('sha256', value, 'base64url')}`
        : `s${value.length},${value}`
    case 'number':
      return Object.is(value, -0) ? 'n-0;' : `n${value};`
    case 'bigint':
      return `i${value};`
    case 'object':
      if (value === null) return '0'
      return ArrayBuffer.isView(value) ? keyOfBytes(value) : undefined
    default:
      return undefined
  }
}

function keyOfBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  const isLong = byteLength > LONGEST
  const text = isLong ? hash('sha256', bytes, 'base64url') : bytes.toString('base64url')
  return `${isLong ? 'B' : 'b'}${byteLength},${text};`
}

/**
 * Says what a value in a condition is, or undefined when that is not certain: both clients bind by rules of their own where a statement has
 * named parameters beside others.
 */
export function valuesIn({ places, names }: Given): Values {
  return (value) => {
    if ('literal' in value) return value.literal
    const { param } = value
    if (names === undefined) return typeof param === 'number' ? places[param - 1] : undefined
    return places.length > 0 ? undefined : named(names, String(param))
  }
}

function named(names: Readonly<Record<string, unknown>>, param: string): unknown {
  let found: unknown
  for (const [name, given] of Object.entries(names)) {
    if (name !== param && !(/^[:@$?]/.test(name) && name.slice(1) === param)) continue
    // `{ id: 1, ':id': 2 }`
    if (found !== undefined) return undefined
    found = given
  }
  return found
}

/** All values, in no order. */
export function allValues({ places, names }: Given): readonly unknown[] {
  return names === undefined ? places : [...places, ...Object.values(names)]
}
