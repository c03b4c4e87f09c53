import { duplicate, likeOf } from './value-copy.js'
import {
  bigintBytes,
  enter,
  newWalk,
  refuseHole,
  refuseMatch,
  refuseSymbols,
  survey,
  TANGLED,
  textBytes,
  trail,
  unkeepable,
  type Walk,
} from './value-walk.js'
import { kindOf } from './kind.js'

/**
 * Values in process memory, safe from what callers do to what they got.
 *
 * `freeze` keeps a private copy that is frozen all the way down and hands that out: a hit costs nothing,
 * and a caller who writes to it gets a TypeError. What freezing does not protect (a Date, a Map, bytes, an
 * Error) makes the whole value a private copy that is copied again for each hit. `copy` does that always.
 * `share` keeps and hands out the caller's own object.
 */
export type Mutation = 'freeze' | 'copy' | 'share'

export interface Admitted {
  readonly value: unknown
  /** True when `copyOut(value)` is what a reader gets. */
  readonly copied: boolean
  /** Approximate weight on the heap. */
  readonly bytes: number
}

/** Thrown where freezing meets what it does not protect. */
const UNFREEZABLE = Symbol('unfreezable')

/**
 * Makes a value ready to be kept. One walk, which copies, freezes, refuses and weighs.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` with the path, for a function, a symbol, an instance of a class, a promise, an array
 * with holes, more than 1,000 levels. `share` refuses nothing.
 */
export function admit(value: unknown, how: Mutation): Admitted {
  if (how === 'share') return { value, copied: false, bytes: estimate(value) }
  if (typeof value !== 'object' || value === null) {
    return { value, copied: false, bytes: primitive(value, 0) }
  }
  if (how === 'freeze') {
    const frozen = tryFreeze(value, copyFrozen)
    if (frozen !== undefined) return frozen
  }
  const { bytes } = survey(value)
  return { value: duplicate(value), copied: true, bytes }
}

/**
 * As `admit(value, 'freeze')` for a value that nobody else holds, freshly decoded: it is frozen where it
 * is, or kept as the private copy.
 */
export function adopt(value: unknown): Admitted {
  if (typeof value !== 'object' || value === null) {
    return { value, copied: false, bytes: primitive(value, 0) }
  }
  const frozen = tryFreeze(value, freezeInPlace)
  return frozen ?? { value, copied: true, bytes: survey(value).bytes }
}

/** What a reader gets of a value that was admitted as `copied`. */
export function copyOut(value: unknown): unknown {
  return duplicate(value)
}

type FreezeWalk = (value: object, depth: number, walk: Walk) => object

function tryFreeze(value: object, freeze: FreezeWalk): Admitted | undefined {
  let walk = newWalk(false)
  try {
    return { value: freeze(value, 0, walk), copied: false, bytes: walk.bytes }
  } catch (error) {
    if (error === UNFREEZABLE) return undefined
    if (error !== TANGLED) throw error
  }
  walk = newWalk(true)
  try {
    return { value: freeze(value, 0, walk), copied: false, bytes: walk.bytes }
  } catch (error) {
    if (error === UNFREEZABLE) return undefined
    throw error
  }
}

function copyFrozen(value: object, depth: number, walk: Walk): object {
  if (!enter(value, depth, walk)) return walk.seen!.get(value) as object
  const kind = kindOf(value)
  if (kind === 'array') {
    const copied = (value as unknown[]).slice()
    walk.seen?.set(value, copied)
    return freezeArray(copied, value as unknown[], depth, walk, copyFrozen)
  }
  if (kind !== 'object') throw kind === undefined ? unkeepable(value, depth) : UNFREEZABLE
  const copied =
    Object.getPrototypeOf(value) === Object.prototype
      ? ({ ...value } as Record<string, unknown>)
      : likeOf(value)
  walk.seen?.set(value, copied)
  return freezeObject(copied, depth, walk, copyFrozen)
}

function freezeInPlace(value: object, depth: number, walk: Walk): object {
  if (!enter(value, depth, walk)) return value
  walk.seen?.set(value, value)
  const kind = kindOf(value)
  if (kind === 'array') {
    return freezeArray(value as unknown[], value as unknown[], depth, walk, freezeInPlace)
  }
  if (kind === 'object')
    return freezeObject(value as Record<string, unknown>, depth, walk, freezeInPlace)
  throw kind === undefined ? unkeepable(value, depth) : UNFREEZABLE
}

function freezeArray(
  values: unknown[],
  original: readonly unknown[],
  depth: number,
  walk: Walk,
  freeze: FreezeWalk,
): object {
  walk.bytes += 48 + 8 * values.length
  refuseMatch(original, depth)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    trail[depth] = index
    if (typeof value === 'object' && value !== null) {
      const frozen = freeze(value, depth + 1, walk)
      if (frozen !== value) values[index] = frozen
    } else {
      if (value === undefined) refuseHole(original, index, depth)
      walk.bytes += primitive(value, depth + 1)
    }
  }
  return Object.freeze(values)
}

function freezeObject(
  value: Record<string, unknown>,
  depth: number,
  walk: Walk,
  freeze: FreezeWalk,
): object {
  let bytes = 24
  for (const name in value) {
    const field = value[name]
    trail[depth] = name
    if (typeof field === 'object' && field !== null) {
      if (!Object.hasOwn(value, name)) continue
      const frozen = freeze(field, depth + 1, walk)
      if (frozen !== field) value[name] = frozen
      bytes += 8
    } else {
      bytes += 8 + primitive(field, depth + 1)
    }
  }
  refuseSymbols(value, depth)
  walk.bytes += bytes
  return Object.freeze(value)
}

function primitive(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return textBytes(value)
    case 'number':
      return 16
    case 'bigint':
      return bigintBytes(value)
    case 'function':
    case 'symbol':
      throw unkeepable(value, depth)
    default:
      return 0
  }
}

/** Parts of a shared value that are looked at to weigh it. */
const ESTIMATE_PARTS = 200

/** A guess at the weight of any value from its first parts, in bounded time; what is beyond counts as the average. */
function estimate(value: unknown): number {
  let seen = 0
  const queue: unknown[] = [value]
  let bytes = 0
  let extra = 0
  for (let index = 0; index < queue.length && seen < ESTIMATE_PARTS; index++) {
    const part = queue[index]
    seen++
    if (typeof part === 'string') bytes += textBytes(part)
    else if (typeof part !== 'object' || part === null) bytes += 16
    else if (ArrayBuffer.isView(part)) bytes += 200 + part.byteLength
    else if (Array.isArray(part)) {
      bytes += 48 + 8 * part.length
      const room = Math.max(0, ESTIMATE_PARTS - queue.length)
      for (let at = 0; at < part.length && at < room; at++) queue.push(part[at])
      extra += Math.max(0, part.length - room)
    } else {
      bytes += 24
      for (const name in part) {
        if (queue.length >= ESTIMATE_PARTS) break
        bytes += 8
        queue.push((part as Record<string, unknown>)[name])
      }
    }
  }
  return Math.round(bytes + (seen === 0 ? 0 : (extra * bytes) / seen))
}
