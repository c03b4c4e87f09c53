import { LRUCache } from 'lru-cache'
import type { Kept } from './kept.js'

/** Up to here lru-cache allocates its arrays at once; beyond, they grow, since a million at once take 80 ms. */
const PREALLOCATED = 4_096
/** A `Map` of fewer keys is copied in less than three milliseconds. */
const SMALL_TABLE = 131_072
/** So few keys are moved to a new index in a few milliseconds. */
const FEW_KEYS = 2_048

/**
 * The entries by key: one lru-cache, read with `peek`, whose own order and bounds are not used.
 *
 * It keeps deletions short. V8 copies a `Map` when most of its keys are gone, which takes 20 ms when 262,144 are left of
 * a million, and lru-cache visits every entry when it is emptied. So a large index never falls below half of what it has
 * held: a key beyond that stays behind without its entry until other keys come and it can be taken out, or until so few
 * entries are left that a new index for them is made in a few milliseconds.
 */
export class KeyIndex<E extends Kept> {
  readonly #max: number
  readonly #weight: { size: number }
  /** Each key with its entry, or, where it stayed behind, with its place in `#gone`. */
  #keys: LRUCache<string, E | number>
  /** Keys are not taken out while this many are held; 0 as long as the table is small. */
  #floor = 0
  #gone: string[] = []

  constructor(maxEntries: number) {
    this.#max = maxEntries < PREALLOCATED ? maxEntries + 1 : 0
    this.#weight = { size: this.#max === 0 ? 1 : 0 }
    this.#keys = this.#fresh()
  }

  /** Number of keys held, those without an entry included. */
  get held(): number {
    return this.#keys.size
  }

  get(key: string): E | undefined {
    const entry = this.#keys.peek(key)
    return typeof entry === 'number' ? undefined : entry
  }

  set(entry: E): void {
    if (this.#gone.length > 0) this.#comeBack(entry.key)
    this.#keys.set(entry.key, entry, this.#weight)
    const { size } = this.#keys
    if (size > 2 * this.#floor && size >= SMALL_TABLE) this.#floor = floorFor(size)
    for (let i = 0; i < 2 && this.#gone.length > 0 && this.#keys.size > this.#floor; i++) {
      this.#keys.delete(this.#gone.pop()!)
    }
  }

  /** Takes a key out. `left` entries stay, which `rest` says when they are few. */
  delete(key: string, left: number, rest: () => readonly E[]): void {
    if (left === 0 && this.#max === 0) {
      this.clear()
    } else if (this.#keys.size > this.#floor) {
      this.#keys.delete(key)
    } else if (left > FEW_KEYS) {
      this.#keys.set(key, this.#gone.length, this.#weight)
      this.#gone.push(key)
    } else {
      this.clear()
      for (const entry of rest()) this.set(entry)
    }
  }

  clear(): void {
    this.#keys = this.#fresh()
    this.#gone = []
    this.#floor = 0
  }

  #comeBack(key: string): void {
    const place = this.#keys.peek(key)
    if (typeof place !== 'number') return
    const last = this.#gone.pop()!
    if (last === key) return
    this.#gone[place] = last
    this.#keys.set(last, place, this.#weight)
  }

  #fresh(): LRUCache<string, E | number> {
    return new LRUCache(this.#max > 0 ? { max: this.#max } : { maxSize: Number.MAX_SAFE_INTEGER })
  }
}

/** V8's table for `size` keys may be twice the next power of two, and is copied below a quarter of that. */
function floorFor(size: number): number {
  return 2 ** Math.ceil(Math.log2(size)) / 2
}
