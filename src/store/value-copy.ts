import { errorClass, ERRORS, kindOf, VIEWS, viewName } from './kind.js'
import { errorFields } from './value-walk.js'

/**
 * A deep copy of a value that was surveyed, so that it is keepable, of bounded depth, and a `graph` or not.
 *
 * Faster than `structuredClone` by an order of magnitude on what caches hold, because it copies an object
 * by its shape. An object that occurs twice is copied twice, but in a graph.
 */
export function duplicate(value: unknown, graph: boolean): unknown {
  return part(value, graph ? new Map() : undefined)
}

type Seen = Map<object, object> | undefined

function copy(value: object, seen: Seen): object {
  const known = seen?.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) return copyArray(value, seen)
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype) return copyInto({ ...value }, value, seen)
  const copied =
    prototype === Date.prototype ? new Date((value as Date).getTime()) : copySpecial(value, seen)
  seen?.set(value, copied)
  return copied
}

function part(value: unknown, seen: Seen): unknown {
  return typeof value === 'object' && value !== null ? copy(value, seen) : value
}

function copyArray(values: readonly unknown[], seen: Seen): unknown[] {
  const copied = values.slice()
  seen?.set(values, copied)
  for (let index = 0; index < copied.length; index++) {
    const value = copied[index]
    if (typeof value === 'object' && value !== null) copied[index] = copy(value, seen)
  }
  return copied
}

function copyInto(copied: Record<string, unknown>, value: object, seen: Seen): object {
  seen?.set(value, copied)
  for (const name in copied) {
    const field = copied[name]
    if (typeof field === 'object' && field !== null && Object.hasOwn(copied, name)) {
      copied[name] = copy(field, seen)
    }
  }
  return copied
}

function copySpecial(value: object, seen: Seen): object {
  switch (kindOf(value)) {
    case 'object':
      return copyInto(likeOf(value), value, seen)
    case 'date':
      return new Date((value as Date).getTime())
    case 'map': {
      const copied = new Map<unknown, unknown>()
      seen?.set(value, copied)
      for (const [key, kept] of value as Map<unknown, unknown>) {
        copied.set(part(key, seen), part(kept, seen))
      }
      return copied
    }
    case 'set': {
      const copied = new Set<unknown>()
      seen?.set(value, copied)
      for (const kept of value as Set<unknown>) copied.add(part(kept, seen))
      return copied
    }
    case 'error': {
      const copied = newError(errorClass(value))
      seen?.set(value, copied)
      for (const [name, field] of errorFields(value as Error)) {
        setErrorField(copied, name, part(field, seen))
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
