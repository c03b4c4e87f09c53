import { LocalMemory } from '../../adapters/memory/local-memory.js'
import { resolveOptions, type MemoryStoreOptions } from '../../adapters/memory/options.js'
import { systemRandom } from '../../src/base/random.js'
import type { Entry } from '../../src/store/store.js'
import { MovedClock } from './moved-clock.js'

/** A memory store of a moved clock. */
export function opened(options: MemoryStoreOptions = {}): {
  clock: MovedClock
  store: LocalMemory
} {
  const clock = new MovedClock()
  return { clock, store: new LocalMemory(resolveOptions(options), clock, systemRandom) }
}

/** An entry that does not expire, but for what is given. */
export function entry(value: unknown, given: Partial<Entry> = {}): Entry {
  return {
    value,
    loadedAt: 1_700_000_000_000,
    freshUntil: Infinity,
    staleUntil: Infinity,
    checkAt: Infinity,
    copied: false,
    private: false,
    bytes: 100,
    tags: [],
    versions: [],
    ...given,
  }
}
