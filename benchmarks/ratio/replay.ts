import { LRUCache } from 'lru-cache'
import { BoundedMap, type MemoryPolicy } from '../../adapters/memory/bounded-map.ts'
import type { Kept } from '../../adapters/memory/kept.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Trace } from '../lib/traces.ts'

/** What is needed of a cache to send requests through it. */
export interface Contender {
  readonly name: string
  get(key: string): unknown
  set(entry: Kept): unknown
}

export interface Bounds {
  readonly maxEntries?: number
  readonly maxBytes?: number
}

/** The memory tier's own map, by a policy. */
export function keepfresh(policy: MemoryPolicy, { maxEntries, maxBytes }: Bounds): Contender {
  const map = new BoundedMap({
    maxEntries: maxEntries ?? Infinity,
    maxBytes: maxBytes ?? Infinity,
    policy,
    clock: systemClock,
  })
  return { name: policy, get: (key) => map.get(key), set: (entry) => map.set(entry) }
}

/** The floor: lru-cache as it comes. */
export function lruCache({ maxEntries, maxBytes }: Bounds): Contender {
  const cache =
    maxBytes === undefined
      ? new LRUCache<string, Kept>({ max: maxEntries! })
      : new LRUCache<string, Kept>({ maxSize: maxBytes, sizeCalculation: ({ bytes }) => bytes })
  return {
    name: 'lru-cache',
    get: (key) => cache.get(key),
    set: (entry) => cache.set(entry.key, entry),
  }
}

/** Entries for all keys of a trace, made before the clock runs. */
export function entriesFor({ unique, sizes }: Trace): Kept[] {
  return Array.from({ length: unique }, (_, key) => ({
    key: `key:${key}`,
    bytes: Math.max(1, sizes?.[key] ?? 1),
    staleUntil: Infinity,
  }))
}

export interface Replayed {
  /** Requests that were answered from the cache. */
  readonly hits: number
  /** The bytes of those. */
  readonly hitBytes: number
  /** Per request, and loading costs nothing. */
  readonly nanoseconds: number
}

/** Sends the requests of a trace through a cache: get, and set where it misses. */
export function replay({ keys }: Trace, entries: readonly Kept[], cache: Contender): Replayed {
  let hits = 0
  let hitBytes = 0
  const begin = process.hrtime.bigint()
  for (let i = 0; i < keys.length; i++) {
    const entry = entries[keys[i]!]!
    if (cache.get(entry.key) === undefined) {
      cache.set(entry)
    } else {
      hits++
      hitBytes += entry.bytes
    }
  }
  const nanoseconds = Number(process.hrtime.bigint() - begin) / keys.length
  return { hits, hitBytes, nanoseconds }
}
