import { adopt, type Admitted, type Mutation } from './value.js'
import { textBytes } from './value-walk.js'

/**
 * As `adopt`, for what JSON or a record was just read into: plain objects, whole lists, texts, numbers, booleans and null, each of
 * them once. Nothing else can be in it, so nothing is looked for: a third of the time.
 */
export function adoptPlain(value: unknown, how: Mutation): Admitted {
  if (how !== 'freeze' || typeof value !== 'object' || value === null) return adopt(value, how)
  const bytes = freeze(value, 0)
  // What was nested too deep for this is walked again.
  return bytes < 0 ? adopt(value, how) : { value, copied: false, bytes }
}

const DEPTH = 100

/** Freezes all of it and says what it weighs; less than nothing where it is nested deeper than this goes. */
function freeze(value: object, depth: number): number {
  if (depth > DEPTH) return -Infinity
  let bytes: number
  if (Array.isArray(value)) {
    bytes = 48 + 8 * value.length
    for (let at = 0; at < value.length; at++) bytes += weigh(value[at], depth)
  } else {
    bytes = 24
    for (const name in value) {
      const field = (value as Record<string, unknown>)[name]
      bytes += 8
      if (typeof field === 'string') bytes += 16 + field.length
      // Also met is what somebody added to Object.prototype.
      else if (typeof field !== 'object' || Object.hasOwn(value, name)) bytes += weigh(field, depth)
    }
  }
  Object.freeze(value)
  return bytes
}

function weigh(value: unknown, depth: number): number {
  if (typeof value === 'string') return textBytes(value)
  if (typeof value === 'number') return 16
  return typeof value === 'object' && value !== null ? freeze(value, depth + 1) : 0
}
