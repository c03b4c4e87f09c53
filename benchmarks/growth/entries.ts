import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { MemoryPolicy } from '../../adapters/memory/bounded-map.ts'
import { mulberry32 } from '../lib/traces.ts'
import { entryOf, floorCache, keyOf, openStore, valueOf } from './contenders.ts'

/** The memory store beside lru-cache itself, in the same run. */
export interface Pair {
  readonly ours: number
  readonly floor: number
}

/** What a store of so many entries costs; nanoseconds per operation. */
export interface EntriesRow {
  readonly entries: number
  /** Reading entries that are there, in random order. */
  readonly read: Pair
  /** Replacing entries that are there. */
  readonly replace: Pair
  /** New entries, each making another leave. */
  readonly insert: Pair
  /** Bytes of heap and buffers per entry of a 200-character value. */
  readonly heap: Pair
  /** The longest single write while the store fills for the first time, ms. */
  readonly fillPause: Pair
}

const TTL_MS = 60_000
const OPERATIONS = 50_000

export function measureEntries(entries: number, policy: MemoryPolicy): EntriesRow {
  const keys = Array.from({ length: entries }, (_, i) => keyOf(i))
  const order = randomOrder(entries)
  const { clock, store } = openStore({ maxEntries: entries, maxBytes: Infinity, policy })
  const loadedAt = clock.now()
  const floor = floorCache(entries)
  const put = (key: string): void => {
    store.put(key, entryOf(key, loadedAt, TTL_MS))
  }
  const set = (key: string): void => {
    floor.set(key, entryOf(key, loadedAt, TTL_MS))
  }
  const fillPause = { ours: longest(keys, put), floor: longest(keys, set) }
  const read = pair(
    order,
    (i) => store.get(keys[i]!),
    (i) => floor.get(keys[i]!),
  )
  const replace = pair(
    order,
    (i) => put(keys[i]!),
    (i) => set(keys[i]!),
  )
  const others = Array.from({ length: OPERATIONS }, (_, i) => keyOf(entries + i))
  const insert = pair(
    order.map((_, i) => i),
    (i) => put(others[i]!),
    (i) => set(others[i]!),
  )
  return {
    entries,
    read,
    replace,
    insert,
    fillPause,
    heap: heapPerEntry(entries, policy),
  }
}

function heapPerEntry(entries: number, policy: MemoryPolicy): Pair {
  if (entries < 1_000) return { ours: Number.NaN, floor: Number.NaN }
  return {
    ours:
      held(() => {
        const { clock, store } = openStore({ maxEntries: entries, maxBytes: Infinity, policy })
        for (let i = 0; i < entries; i++) {
          store.put(keyOf(i), entryOf(valueOf(i), clock.now() + i, TTL_MS))
        }
        return store
      }) / entries,
    floor:
      held(() => {
        const floor = floorCache(entries)
        for (let i = 0; i < entries; i++) floor.set(keyOf(i), valueOf(i))
        return floor
      }) / entries,
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function held(make: () => unknown): number {
  const before = memory()
  const kept = make()
  const after = memory()
  return kept === undefined ? 0 : after - before
}

function memory(): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function randomOrder(entries: number): number[] {
  const random = mulberry32(entries)
  return Array.from({ length: OPERATIONS }, () => Math.floor(random() * entries))
}

/** Nanoseconds per operation, the median of rounds that alternate. */
function pair(order: number[], ours: (i: number) => unknown, floor: (i: number) => unknown): Pair {
  const rounds = Array.from({ length: 5 }, () => [
    perOperation(order, ours),
    perOperation(order, floor),
  ])
  const median = (at: 0 | 1): number =>
    rounds.map((round) => round[at]!).toSorted((a, b) => a - b)[2]!
  return { ours: median(0), floor: median(1) }
}

function perOperation(order: number[], operation: (i: number) => unknown): number {
  return (
    (milliseconds(() => {
      for (const i of order) operation(i)
    }) *
      1e6) /
    order.length
  )
}

function longest(keys: string[], operation: (key: string) => unknown): number {
  let most = 0
  for (const key of keys)
    most = Math.max(
      most,
      milliseconds(() => operation(key)),
    )
  return most
}

function milliseconds(work: () => unknown): number {
  const begin = performance.now()
  work()
  return performance.now() - begin
}
