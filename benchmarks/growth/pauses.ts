/** How long a process with a million entries is busy at a time, while they leave: one process for each measurement. */
import { LRUCache } from 'lru-cache'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '../../index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { serve } from '../../test/support/processes.js'
import { valueOf } from '../lib/value.js'

/** What a watch has seen. */
export interface Watched {
  /** The longest time between two turns of the event loop, ms. */
  readonly longestMs: number
  /** The longest time of these that the process was busy; the rest it waited for a core. */
  readonly busyMs: number
  /** Until the last of them was gone, ms. */
  readonly untilGoneMs: number
  readonly turns: number
  readonly left: number
}

const READS = 10

const service = {
  /** All expire at one moment, while others are read. */
  async expire(count: number, settleMs: number): Promise<Watched> {
    const cache = createCache({
      tiers: [memoryStore({ maxEntries: 2 * count + 1_000, maxBytes: '8gb' })],
    })
    // Long enough to write them all.
    const end = Date.now() + 1_000 + 1.5 * count * (await writeMs(cache))
    for (let n = 0; n < count; n++) {
      await cache.set(`leaving:${n}`, valueOf(n), { ttl: Math.max(1, end - Date.now()) })
    }
    await stay(cache)
    collect()
    if (Date.now() > end)
      throw new Error('the machine became slower: some expired before all were there')
    await sleep(end - Date.now() - 200)
    const start = performance.now() + (end - Date.now())
    return watch(
      start,
      () => (cache.stats().entries ?? 0) <= READS,
      () => readAll(cache),
      settleMs,
    )
  },

  /** `clear` takes them all, while others are read. */
  async clear(count: number, settleMs: number): Promise<Watched> {
    const cache = createCache({
      tiers: [memoryStore({ maxEntries: 2 * count + 1_000, maxBytes: '8gb' })],
      ttl: '1h',
    })
    for (let n = 0; n < count; n++) await cache.set(`leaving:${n}`, valueOf(n))
    collect()
    await sleep(100)
    const start = performance.now()
    let isCleared = false
    const watched = watch(
      start,
      () => isCleared && cache.stats().entries === 0,
      () => Promise.resolve(),
      settleMs,
    )
    await nextTurn()
    await cache.clear()
    isCleared = true
    return watched
  },

  /** The same with lru-cache: `purgeStale` and `clear` are one turn each. */
  async floor(count: number, way: 'expire' | 'clear'): Promise<Watched> {
    const cache = new LRUCache<string, object>({ max: 2 * count })
    for (let n = 0; n < count; n++) {
      cache.set(`leaving:${n}`, valueOf(n), way === 'expire' ? { ttl: 1 } : {})
    }
    collect()
    await sleep(100)
    const start = performance.now()
    const watched = watch(
      start,
      () => cache.size === 0,
      () => Promise.resolve(),
      0,
    )
    await nextTurn()
    if (way === 'expire') cache.purgeStale()
    else cache.clear()
    return watched
  },
}

type Opened = ReturnType<typeof createCache>

/** How long a write takes, ms. */
async function writeMs(cache: Opened): Promise<number> {
  const times = 20_000
  for (let n = 0; n < times / 10; n++) await cache.set('written', valueOf(n))
  const start = performance.now()
  for (let n = 0; n < times; n++) await cache.set('written', valueOf(n))
  await cache.delete('written')
  // A new entry costs more than one in the place of another.
  return (2 * (performance.now() - start)) / times
}

async function stay(cache: Opened): Promise<void> {
  for (let n = 0; n < READS; n++) await cache.set(`staying:${n}`, valueOf(n), { ttl: '1h' })
}

async function readAll(cache: Opened): Promise<void> {
  for (let n = 0; n < READS; n++) {
    if ((await cache.get(`staying:${n}`)) === undefined) throw new Error('one that stays is gone')
  }
}

/** Looks at each turn of the event loop until all are gone, and for `settleMs` after that. */
async function watch(
  start: number,
  isGone: () => boolean,
  work: () => Promise<void>,
  settleMs: number,
): Promise<Watched> {
  let longestMs = 0
  let busyMs = 0
  let turns = 0
  let goneAt: number | undefined
  let wall = performance.now()
  let cpu = process.cpuUsage()
  while (goneAt === undefined || wall < goneAt + settleMs) {
    await work()
    await nextTurn()
    const now = performance.now()
    const busy = process.cpuUsage(cpu)
    longestMs = Math.max(longestMs, now - wall)
    // Threads of the garbage collection count too, so it is the lesser of the two.
    busyMs = Math.max(busyMs, Math.min(now - wall, (busy.user + busy.system) / 1_000))
    turns++
    wall = now
    cpu = process.cpuUsage()
    if (goneAt === undefined && now >= start && isGone()) goneAt = now
    if (now > start + 60_000) break
  }
  return {
    longestMs,
    busyMs,
    turns,
    untilGoneMs: (goneAt ?? Number.NaN) - start,
    left: goneAt === undefined ? 1 : 0,
  }
}

function collect(): void {
  globalThis.gc?.()
}

export type PausesService = typeof service

serve(service)
