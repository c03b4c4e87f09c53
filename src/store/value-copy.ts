import { errorClass, ERRORS, kindOf, VIEWS, viewName } from './kind.js'
import { errorFields } from './value-walk.js'

/**
 * A deep copy of a value that is known to be keepable.
 *
 * Faster than `structuredClone` by an order of magnitude on what caches hold, because it copies an object
 * by its shape. An object that occurs twice is copied twice, unless the value contains itself.
 */
export function duplicate(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    return copy(value, 0, undefined)
  } catch (error) {
    if (error !== TOO_DEEP) throw error
    return copy(value, 0, new Map())
  }
}

const TOO_DEEP = Symbol('too deep')
const TREE_DEPTH = 100

type Seen = Map<object, object> | undefined

function copy(value: object, depth: number, seen: Seen): object {
  if (seen === undefined) {
    if (depth > TREE_DEPTH) throw TOO_DEEP
  } else {
    const known = seen.get(value)
    if (known !== undefined) return known
  }
  if (Array.isArray(value)) return copyArray(value, depth, seen)
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype) return copyInto({ ...value }, value, depth, seen)
  if (prototype === Date.prototype) return new Date((value as Date).getTime())
  return copySpecial(value, depth, seen)
}

function part(value: unknown, depth: number, seen: Seen): unknown {
  return typeof value === 'object' && value !== null ? copy(value, depth, seen) : value
}

function copyArray(values: readonly unknown[], depth: number, seen: Seen): unknown[] {
  const copied = values.slice()
  seen?.set(values, copied)
  for (let index = 0; index < copied.length; index++) {
    const value = copied[index]
    if (typeof value === 'object' && value !== null) copied[index] = copy(value, depth + 1, seen)
  }
  return copied
}

function copyInto(
  copied: Record<string, unknown>,
  value: object,
  depth: number,
  seen: Seen,
): object {
  seen?.set(value, copied)
  for (const name in copied) {
    const field = copied[name]
    if (typeof field === 'object' && field !== null && Object.hasOwn(copied, name)) {
      copied[name] = copy(field, depth + 1, seen)
    }
  }
  return copied
}

function copySpecial(value: object, depth: number, seen: Seen): object {
  switch (kindOf(value)) {
    case 'object':
      return copyInto(likeOf(value), value, depth, seen)
    case 'date':
      return new Date((value as Date).getTime())
    case 'map': {
      const copied = new Map<unknown, unknown>()
      seen?.set(value, copied)
      for (const [key, kept] of value as Map<unknown, unknown>) {
        copied.set(part(key, depth + 1, seen), part(kept, depth + 1, seen))
      }
      return copied
    }
    case 'set': {
      const copied = new Set<unknown>()
      seen?.set(value, copied)
      for (const kept of value as Set<unknown>) copied.add(part(kept, depth + 1, seen))
      return copied
    }
    case 'error': {
      const copied = newError(errorClass(value))
      seen?.set(value, copied)
      for (const [name, field] of errorFields(value as Error)) {
        setErrorField(copied, name, part(field, depth + 1, seen))
      }
      return copied
    }
    case 'regexp': {
      const copied = new RegExp((value as RegExp).source, (value as RegExp).flags)
      copied.lastIndex = (value as RegExp).lastIndex
      return copied
    }
    case 'url':
      return new URL((value as URL).href)
    case 'arraybuffer':
      return (value as ArrayBuffer).slice(0)
    case 'buffer':
      return Buffer.from(value as Buffer)
    case 'typed':
      return copyView(value as ArrayBufferView)
    default:
      return value
  }
}

/** An object with the same properties, without a prototype if it had none. */
export function likeOf(value: object): Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype !== null && Object.hasOwn(prototype, 'isPrototypeOf')
    ? { ...value }
    : { __proto__: null, ...value }
}

function copyView(view: ArrayBufferView): ArrayBufferView {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)
  return new (VIEWS.get(viewName(view))!)(bytes as ArrayBuffer)
}

/** An error of one of the language's classes with nothing in it; its stack is not gathered. */
export function newError(className: string): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    const made =
      className === 'AggregateError'
        ? new AggregateError([])
        : new (ERRORS.get(className) ?? Error)()
    for (const name of ['stack', 'message', 'errors']) Reflect.deleteProperty(made, name)
    return made
  } finally {
    Error.stackTraceLimit = limit
  }
}

const HIDDEN = new Set(['message', 'stack', 'cause', 'errors'])

/** Defines a field, so that no setter runs whatever its name; those of the language stay out of sight. */
export function setErrorField(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: !HIDDEN.has(name),
  })
}
