import { LRUCache } from 'lru-cache'
import { LocalMemory } from '../../adapters/memory/local-memory.ts'
import { resolveOptions, type MemoryStoreOptions } from '../../adapters/memory/options.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Entry } from '../../src/store/store.ts'

/** Time that stands still until it is moved, so that each step of a sweep runs, and is measured, by itself. */
export class SteppedClock implements Clock {
  #now = Date.UTC(2026, 0, 1)
  #timers: { readonly at: number; readonly task: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#now + ms, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves on to the next timer and runs it; false when none waits. */
  step(): boolean {
    const timer = this.#timers.toSorted((a, b) => a.at - b.at)[0]
    if (timer === undefined) return false
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.#now = Math.max(this.#now, timer.at)
    timer.task()
    return true
  }
}

export function openStore(options: MemoryStoreOptions): {
  store: LocalMemory
  clock: SteppedClock
} {
  const clock = new SteppedClock()
  return { store: new LocalMemory(resolveOptions(options), clock, systemRandom), clock }
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
