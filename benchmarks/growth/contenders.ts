import { LRUCache } from 'lru-cache'
import { LocalMemory } from '../../adapters/memory/local-memory.ts'
import { resolveOptions, type MemoryStoreOptions } from '../../adapters/memory/options.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Entry } from '../../src/store/store.ts'

/** Time that stands still: nothing expires while it is measured. */
const STILL: Clock = { now: () => Date.UTC(2026, 0, 1), after: () => () => {} }

export function openStore(options: MemoryStoreOptions): {
  store: LocalMemory
  clock: Clock
} {
  return { store: new LocalMemory(resolveOptions(options), STILL, systemRandom), clock: STILL }
}

export function floorCache(max: number): LRUCache<string, {}> {
  return new LRUCache({ max })
}

/** Two hundred characters, its own for each entry. */
export function valueOf(i: number): string {
  return Buffer.from(`${'v'.repeat(180)}${String(i).padStart(20, '0')}`).toString('latin1')
}

export function keyOf(i: number): string {
  return Buffer.from(`product:${i}`).toString('latin1')
}

export function entryOf(value: unknown, loadedAt: number, ttlMs: number): Entry {
  return {
    value,
    loadedAt,
    freshUntil: loadedAt + ttlMs,
    staleUntil: loadedAt + ttlMs,
    checkAt: loadedAt + ttlMs,
    copied: false,
    private: false,
    bytes: 420,
    tags: [],
    versions: [],
  }
}
