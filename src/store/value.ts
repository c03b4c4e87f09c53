import { CacheError } from '../base/errors.js'
import type { Codec } from './codec.js'
import { kindOf } from './kind.js'
import { duplicate, likeOf } from './value-copy.js'
import { estimate } from './value-estimate.js'
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

/** A value that only the application's codec can copy. */
class Encoded {
  readonly bytes: Buffer
  readonly codec: Codec

  constructor(bytes: Buffer, codec: Codec) {
    this.bytes = bytes
    this.codec = codec
  }
}

/** A private copy in which one object occurs more than once and has to stay one. */
class Graph {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/**
 * Makes a value ready to be kept. One walk copies, freezes, refuses and weighs plain data.
 *
 * With `codec`, the application's own, a value that would be refused is kept as its bytes and decoded for each reader.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` with the path, for a function, a symbol, an instance of a class, a promise, an array
 * with holes, more than 1,000 levels. `share` refuses nothing.
 */
export function admit(value: unknown, how: Mutation, codec?: Codec): Admitted {
  if (how === 'share') return { value, copied: false, bytes: estimate(value) }
  if (codec === undefined) return admitPlain(value, how, copyFrozen)
  return orEncoded(value, codec, () => admitPlain(value, how, copyFrozen))
}

/**
 * As `admit` for a value that nobody else holds, freshly decoded: it is frozen where it is, or is itself the
 * private copy.
 *
 * @throws {CacheError} `CACHE_ENTRY_INVALID` for a value that could not have been admitted: no entry of ours holds one.
 */
export function adopt(value: unknown, how: Mutation = 'freeze', codec?: Codec): Admitted {
  if (how === 'share') return { value, copied: false, bytes: estimate(value) }
  try {
    if (codec === undefined) return admitPlain(value, how, freezeInPlace)
    return orEncoded(value, codec, () => admitPlain(value, how, freezeInPlace))
  } catch (cause) {
    if (!(cause instanceof CacheError)) throw cause
    throw new CacheError('CACHE_ENTRY_INVALID', `the stored value: ${cause.message}`, { cause })
  }
}

/** What a reader gets of a value that was admitted as `copied`: its own. */
export function copyOut(value: unknown): unknown {
  if (value instanceof Graph) return duplicate(value.value, true)
  return value instanceof Encoded ? value.codec.decode(value.bytes) : duplicate(value, false)
}

function orEncoded(value: unknown, codec: Codec, attempt: () => Admitted): Admitted {
  try {
    return attempt()
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
  }
  const bytes = codec.encode(value)
  return { value: new Encoded(bytes, codec), copied: true, bytes: 200 + bytes.length }
}

/** Freezes a part, or says by undefined that the value has something that freezing does not protect. */
type Freeze = (value: object, depth: number, walk: Walk) => object | undefined

function admitPlain(value: unknown, how: Mutation, freeze: Freeze): Admitted {
  if (typeof value !== 'object' || value === null) {
    return { value, copied: false, bytes: primitive(value, 0) }
  }
  if (how === 'freeze') {
    let walk = newWalk(false)
    let frozen: object | undefined
    try {
      frozen = freeze(value, 0, walk)
    } catch (error) {
      if (error !== TANGLED) throw error
      walk = newWalk(true)
      frozen = freeze(value, 0, walk)
    }
    if (frozen !== undefined) return { value: frozen, copied: false, bytes: walk.bytes }
  }
  const { bytes, graph } = survey(value)
  const own = freeze === freezeInPlace ? value : duplicate(value, graph)
  return { value: graph ? new Graph(own) : own, copied: true, bytes }
}

function copyFrozen(value: object, depth: number, walk: Walk): object | undefined {
  if (!enter(value, depth, walk)) return walk.seen!.get(value) as object
  const kind = kindOf(value)
  if (kind === 'array') {
    const values = value as unknown[]
    // before it is copied with all its emptiness: `new Array(1e9)`
    if (values.length > 0) refuseHole(values, values.length - 1, depth)
    const copied = values.slice()
    walk.seen?.set(value, copied)
    return freezeArray(copied, values, depth, walk, copyFrozen)
  }
  if (kind === 'object') {
    const copied =
      Object.getPrototypeOf(value) === Object.prototype
        ? ({ ...value } as Record<string, unknown>)
        : likeOf(value)
    walk.seen?.set(value, copied)
    return freezeObject(copied, depth, walk, copyFrozen)
  }
  if (kind === undefined) throw unkeepable(value, depth)
  return undefined
}

function freezeInPlace(value: object, depth: number, walk: Walk): object | undefined {
  if (!enter(value, depth, walk)) return value
  walk.seen?.set(value, value)
  const kind = kindOf(value)
  if (kind === 'array') {
    return freezeArray(value as unknown[], value as unknown[], depth, walk, freezeInPlace)
  }
  if (kind === 'object') {
    return freezeObject(value as Record<string, unknown>, depth, walk, freezeInPlace)
  }
  if (kind === undefined) throw unkeepable(value, depth)
  return undefined
}

function freezeArray(
  values: unknown[],
  original: readonly unknown[],
  depth: number,
  walk: Walk,
  freeze: Freeze,
): object | undefined {
  let bytes = 48 + 8 * values.length
  refuseMatch(original, depth)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    trail[depth] = index
    if (typeof value === 'object' && value !== null) {
      const frozen = freeze(value, depth + 1, walk)
      if (frozen === undefined) return undefined
      if (frozen !== value) values[index] = frozen
    } else {
      if (value === undefined) refuseHole(original, index, depth)
      bytes += primitive(value, depth + 1)
    }
  }
  walk.bytes += bytes
  return Object.freeze(values)
}

function freezeObject(
  value: Record<string, unknown>,
  depth: number,
  walk: Walk,
  freeze: Freeze,
): object | undefined {
  let bytes = 24
  for (const name in value) {
    const field = value[name]
    bytes += 8
    if (typeof field === 'string') bytes += 16 + field.length
    else if (typeof field === 'number') bytes += 16
    // for..in is three times as fast as Object.keys, and also meets what somebody added to Object.prototype
    else if (field !== null && typeof field !== 'boolean' && Object.hasOwn(value, name)) {
      trail[depth] = name
      if (typeof field === 'object') {
        const frozen = freeze(field, depth + 1, walk)
        if (frozen === undefined) return undefined
        if (frozen !== field) value[name] = frozen
      } else bytes += primitive(field, depth + 1)
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
