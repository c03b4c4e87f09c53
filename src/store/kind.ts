import { types } from 'node:util'
import { isPlainPrototype } from '../base/plain.js'

/**
 * What an object is, by its prototype: the list of what can be kept faithfully.
 *
 * An instance of a class is not on it, nor of a class that extends one of these: it would come back as
 * something else. The same built-in of another realm (a `vm` context, as some test runners use) counts.
 */
export type Kind =
  | 'object'
  | 'array'
  | 'date'
  | 'map'
  | 'set'
  | 'regexp'
  | 'url'
  | 'error'
  | 'arraybuffer'
  | 'buffer'
  | 'typed'

export type TypedArray = NodeJS.TypedArray
export type TypedArrayConstructor = new (buffer: ArrayBuffer) => TypedArray

/** Views over bytes by name, as far as this Node has them (`Float16Array` came later than the others). */
export const VIEWS: ReadonlyMap<string, TypedArrayConstructor> = new Map(
  [
    'Uint8Array',
    'Int8Array',
    'Uint8ClampedArray',
    'Uint16Array',
    'Int16Array',
    'Uint32Array',
    'Int32Array',
    'Float16Array',
    'Float32Array',
    'Float64Array',
    'BigUint64Array',
    'BigInt64Array',
    'DataView',
  ].flatMap((name) => {
    const view = (globalThis as Readonly<Record<string, unknown>>)[name]
    return typeof view === 'function' ? [[name, view as TypedArrayConstructor] as const] : []
  }),
)

/** The errors of the language by name. */
export const ERRORS: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((error) => [
    error.name,
    error,
  ]),
)
const AGGREGATE = 'AggregateError'

const KINDS = new Map<object, Kind>([
  [Object.prototype, 'object'],
  [Date.prototype, 'date'],
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [RegExp.prototype, 'regexp'],
  [URL.prototype, 'url'],
  [ArrayBuffer.prototype, 'arraybuffer'],
  [Buffer.prototype, 'buffer'],
  [AggregateError.prototype, 'error'],
  ...[...ERRORS.values()].map((error) => [error.prototype as object, 'error'] as const),
  ...[...VIEWS.values()].map((view) => [view.prototype as object, 'typed'] as const),
])

/** Whether it truly is one, and not only made to look so (`Object.create(Date.prototype)`). */
const GENUINE: Readonly<Record<Kind, (value: object) => boolean>> = {
  object: () => true,
  array: Array.isArray,
  date: types.isDate,
  map: types.isMap,
  set: types.isSet,
  regexp: types.isRegExp,
  url: (value) => value instanceof URL && URL.canParse(value.href),
  error: types.isNativeError,
  arraybuffer: types.isArrayBuffer,
  buffer: (value) => types.isUint8Array(value) && types.isArrayBuffer(value.buffer),
  typed: (value) => ArrayBuffer.isView(value) && types.isArrayBuffer(value.buffer),
}

/** The kind of an object, or undefined for what cannot be kept faithfully. */
export function kindOf(value: object): Kind | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (Array.isArray(value)) return isArrayPrototype(prototype) ? 'array' : undefined
  if (prototype === Object.prototype) return 'object'
  if (prototype === null) return 'object'
  const kind = KINDS.get(prototype) ?? foreignKind(prototype)
  return kind !== undefined && GENUINE[kind](value) ? kind : undefined
}

function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && Array.isArray(prototype))
}

function foreignKind(prototype: object): Kind | undefined {
  if (isPlainPrototype(prototype)) return 'object'
  const name = ownConstructorName(prototype)
  if (name === undefined || !isNative(prototype)) return undefined
  switch (name) {
    case 'Date':
      return 'date'
    case 'Map':
      return 'map'
    case 'Set':
      return 'set'
    case 'RegExp':
      return 'regexp'
    case 'ArrayBuffer':
      return 'arraybuffer'
    default:
      if (VIEWS.has(name)) return 'typed'
      return ERRORS.has(name) || name === AGGREGATE ? 'error' : undefined
  }
}

function ownConstructorName(prototype: object): string | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return typeof constructor === 'function' ? constructor.name : undefined
}

/** A built-in's constructor shows no source. */
function isNative(prototype: object): boolean {
  return Function.prototype.toString
    .call((prototype as { constructor: unknown }).constructor)
    .endsWith('{ [native code] }')
}

/** The name under which `VIEWS` has the class of a view, also of another realm. */
export function viewName(view: object): string {
  for (const [name, constructor] of VIEWS) if (view instanceof constructor) return name
  return ownConstructorName(Object.getPrototypeOf(view) as object) ?? ''
}

/** The name of the class of an error, which its own `name` may differ from. */
export function errorClass(error: object): string {
  return ownConstructorName(Object.getPrototypeOf(error) as object) ?? 'Error'
}
