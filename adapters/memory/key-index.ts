import { LRUCache } from 'lru-cache'

/** The room of a new index: made and emptied in some microseconds, for the many caches that hold a few keys. */
const FIRST_ROOM = 256
/** The next: what lru-cache allocates at once for so many keys takes less than half a millisecond. */
const SECOND_ROOM = 4_096
/** The last: lists for so many are made in eight milliseconds. For more keys they grow. */
const LAST_ROOM = 100_000
/** So many keys move to the next room with each `set`. */
const MOVES = 8
/** A `Map` of fewer keys is copied in less than three milliseconds. */
const SMALL_TABLE = 131_072
/** So few keys are moved to a new index in a few milliseconds. */
const FEW_KEYS = 2_048

/**
 * The slots by key: one lru-cache, read with `peek`, whose own order and bounds are not used.
 *
 * Told how many keys will come, lru-cache allocates its lists at once, which take a third of the room then: 24 bytes per key
 * and not 65. For a small index that is done at the start; a larger one begins small, and moves twice: the lists for the most
 * keys take some milliseconds, and the keys come over a few at a time. Where there may be more than `LAST_ROOM`, the lists would
 * take longer, and they grow.
 *
 * It keeps deletions short. V8 copies a `Map` when most of its keys are gone, which takes 20 ms when 262,144 are left of
 * a million, and lru-cache visits every entry when it is emptied. So a large index never falls below half of what it has
 * held: a key beyond that stays behind without a slot until other keys come and it can be taken out, or until so few
 * entries are left that a new index for them is made in a few milliseconds.
 */
export class KeyIndex {
  /** The most keys it will be told to hold, or Infinity: the lists grow. */
  readonly #most: number
  /** lru-cache weighs keys where its lists grow, and refuses weights where they do not. */
  readonly #weight: { readonly size: number }
  /** How many keys `#keys` has room for. */
  #room = 0
  /** Each key with its slot, or, where it stayed behind, with its place in `#gone`: below zero. */
  #keys: LRUCache<string, number>
  /** Where the keys were before, while they move to `#keys`: no key is in both. */
  #before: LRUCache<string, number> | undefined
  /** Keys are not taken out while this many are held; 0 as long as the table is small. */
  #floor = 0
  #gone: string[] = []

  constructor(maxEntries: number) {
    this.#most = maxEntries <= LAST_ROOM ? maxEntries : Infinity
    this.#weight = { size: this.#most === Infinity ? 1 : 0 }
    this.#keys = this.#fresh(FIRST_ROOM)
  }

  /** Number of keys held, those without a slot included. */
  get held(): number {
    return this.#keys.size + (this.#before?.size ?? 0)
  }

  /** The slot of a key, above zero; zero when it has none. */
  get(key: string): number {
    let slot = this.#keys.peek(key)
    if (slot === undefined && this.#before !== undefined) slot = this.#before.peek(key)
    return slot === undefined || slot < 0 ? 0 : slot
  }

  set(key: string, slot: number): void {
    if (this.#gone.length > 0) this.#comeBack(key)
    if (this.#before !== undefined) this.#move(key, this.#before)
    else if (this.#keys.size === this.#room) this.#makeRoom(key)
    this.#keys.set(key, slot, this.#weight)
    const { size } = this.#keys
    if (size > 2 * this.#floor && size >= SMALL_TABLE) this.#floor = floorFor(size)
    for (let i = 0; i < 2 && this.#gone.length > 0 && this.#keys.size > this.#floor; i++) {
      this.#keys.delete(this.#gone.pop()!)
    }
  }

  /** Takes a key out. `left` others stay, which `rest` says, with their slots, when they are few. */
  delete(key: string, left: number, rest: () => ReadonlyMap<string, number>): void {
    if (left === 0 && this.#room > FIRST_ROOM) {
      this.clear()
    } else if (this.#before?.delete(key) === true) {
      return
    } else if (this.#keys.size > this.#floor) {
      this.#keys.delete(key)
    } else if (left > FEW_KEYS) {
      this.#keys.set(key, ~this.#gone.length, this.#weight)
      this.#gone.push(key)
    } else {
      this.clear()
      for (const [other, slot] of rest()) this.set(other, slot)
    }
  }

  clear(): void {
    this.#keys = this.#fresh(FIRST_ROOM)
    this.#before = undefined
    this.#gone = []
    this.#floor = 0
  }

  #comeBack(key: string): void {
    const place = this.#keys.peek(key)
    if (place === undefined || place >= 0) return
    const last = this.#gone.pop()!
    if (last === key) return
    this.#gone[~place] = last
    this.#keys.set(last, place, this.#weight)
  }

  /** There is no place for one more: the keys are to move to where there is. */
  #makeRoom(coming: string): void {
    if (this.#room === this.#most || this.#keys.has(coming)) return
    this.#before = this.#keys
    this.#keys = this.#fresh(this.#room < SECOND_ROOM ? SECOND_ROOM : this.#most)
  }

  /** Moves some keys. The one that is coming has its place where they go. */
  #move(coming: string, before: LRUCache<string, number>): void {
    before.delete(coming)
    for (let i = 0; i < MOVES && before.size > 0; i++) {
      const key = before.rkeys().next().value!
      this.#keys.set(key, before.peek(key), this.#weight)
      before.delete(key)
    }
    if (before.size === 0) this.#before = undefined
  }

  #fresh(room: number): LRUCache<string, number> {
    this.#room = this.#most === Infinity ? Infinity : Math.min(room, this.#most)
    return new LRUCache(
      this.#room === Infinity ? { maxSize: Number.MAX_SAFE_INTEGER } : { max: this.#room },
    )
  }
}

/** V8's table for `size` keys may be twice the next power of two, and is copied below a quarter of that. */
function floorFor(size: number): number {
  return 2 ** Math.ceil(Math.log2(size)) / 2
}
