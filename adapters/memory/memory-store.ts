import type { LocalStore, Store, StoreContext } from '../../src/store/store.js'
import { LocalMemory } from './local-memory.js'
import { resolveOptions, type MemoryStoreOptions } from './options.js'

/** A store in this process's memory, bounded in entries and in bytes. */
export interface MemoryStore extends Store {
  readonly name: 'memory'
  open(context: StoreContext): LocalStore
}

/**
 * Keeps entries in this process's memory, in an `lru-cache`, bounded in entries and in bytes; expired entries leave by
 * themselves.
 *
 * One description given to two caches is opened twice: each has its own entries and bounds.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for an option that is unknown or not what its documentation asks for.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const resolved = resolveOptions(options)
  return {
    name: 'memory',
    open: ({ clock, random }) => new LocalMemory(resolved, clock, random),
  }
}
