import type { Clock } from '../../src/base/clock.js'
import type { Eviction } from './eviction.js'
import { ExpirySweep, type SweepStep } from './expiry-sweep.js'
import type { Kept } from './kept.js'
import { KeyIndex } from './key-index.js'
import { Lru } from './lru.js'
import { S3Fifo } from './s3-fifo.js'
import { FIRST_SLOT, SlotTable } from './slot-table.js'

/** How to choose what leaves when room is needed: least recently used, or S3-FIFO, which also resists scans. */
export type MemoryPolicy = 'lru' | 's3-fifo'

/** Why an entry left: to make room, because its time was over, by request, or because another took its key. */
export type Departure = 'evicted' | 'expired' | 'deleted' | 'replaced'

export interface BoundedMapOptions<E> {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly policy: MemoryPolicy
  readonly clock: Clock
  /** Told of every entry that left, when the map is whole again; not of those that `clear` takes. */
  readonly onLeave?: (entry: E, why: Departure) => void
}

/** The most that one step of a sweep does: about a millisecond. */
const STEP_REMOVALS = 1_000
const STEP_SLOTS = 131_072
/** Tables that have held more are given back when the map is empty. */
const SMALL_TABLES = 4_096

/**
 * Entries by key, never more and never heavier than allowed.
 *
 * Entries whose time is over leave by themselves within about a second, a thousand at a time; until then `get` returns
 * them, and the caller judges. No call takes longer for a larger map, except that `set` pays when the tables grow.
 */
export class BoundedMap<E extends Kept> {
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #policy: MemoryPolicy
  readonly #onLeave: ((entry: E, why: Departure) => void) | undefined
  readonly #index: KeyIndex
  readonly #sweep: ExpirySweep
  readonly #bytesOf: (slot: number) => number
  readonly #rest: () => Map<string, number>
  #table = new SlotTable<E>()
  #eviction: Eviction
  #size = 0
  #bytes = 0
  #cursor = FIRST_SLOT

  constructor(options: BoundedMapOptions<E>) {
    this.#maxEntries = options.maxEntries
    this.#maxBytes = options.maxBytes
    this.#policy = options.policy
    this.#onLeave = options.onLeave
    this.#index = new KeyIndex(options.maxEntries)
    this.#eviction = this.#newEviction()
    this.#sweep = new ExpirySweep(options.clock, (now, first) => this.#sweepStep(now, first))
    this.#bytesOf = (slot) => this.#table.entry(slot)!.bytes
    this.#rest = () => {
      const rest = new Map<string, number>()
      this.#eviction.each((slot) => rest.set(this.#table.entry(slot)!.key, slot))
      return rest
    }
  }

  /** Number of entries. */
  get size(): number {
    return this.#size
  }

  /** Sum of the entries' weights. */
  get bytes(): number {
    return this.#bytes
  }

  /** The entry of a key; counts as use. */
  get(key: string): E | undefined {
    const slot = this.#index.get(key)
    if (slot === 0) return undefined
    this.#eviction.touch(slot)
    return this.#table.entry(slot)
  }

  /** The entry of a key, without counting as use. */
  peek(key: string): E | undefined {
    const slot = this.#index.get(key)
    return slot === 0 ? undefined : this.#table.entry(slot)
  }

  /** Keeps the entry in place of another of its key. False when it is too heavy, and then the key has none. */
  set(entry: E): boolean {
    const { key, bytes, staleUntil } = entry
    let slot = this.#index.get(key)
    const before = slot === 0 ? undefined : this.#table.entry(slot)!
    if (!(bytes <= this.#maxBytes)) {
      if (before !== undefined) this.#leave(slot, before, 'replaced')
      return false
    }
    let evicted: E | E[] | undefined
    if (before === undefined) {
      evicted = this.#makeRoom(bytes)
      slot = this.#table.claim(entry)
      this.#eviction.add(slot, key, bytes)
      this.#index.set(key, slot)
    } else {
      this.#forget(slot, before)
      evicted = this.#makeRoom(bytes)
      this.#table.put(slot, entry)
      this.#eviction.putBack(slot, bytes)
      // The index may have begun anew when others left, without this key.
      if (evicted !== undefined) this.#index.set(key, slot)
    }
    this.#size++
    this.#bytes += bytes
    if (staleUntil !== Infinity) this.#sweep.expect(staleUntil)
    else if (this.#table.expiring === 0) this.#sweep.stop()
    if (this.#onLeave !== undefined) {
      if (before !== undefined) this.#onLeave(before, 'replaced')
      if (Array.isArray(evicted)) for (const entry of evicted) this.#onLeave(entry, 'evicted')
      else if (evicted !== undefined) this.#onLeave(evicted, 'evicted')
    }
    return true
  }

  /** Takes out the entry of a key. */
  delete(key: string): E | undefined {
    const slot = this.#index.get(key)
    if (slot === 0) return undefined
    const entry = this.#table.entry(slot)!
    this.#leave(slot, entry, 'deleted')
    return entry
  }

  /** Takes out everything, in constant time. */
  clear(): void {
    this.#index.clear()
    this.#table = new SlotTable()
    this.#eviction = this.#newEviction()
    this.#size = 0
    this.#bytes = 0
    this.#cursor = FIRST_SLOT
    this.#sweep.stop()
  }

  /**
   * Visits a part of the entries, in no particular order, and returns where to go on; undefined at the end. Entries that
   * stay in the map from the first part to the last are visited once, whatever else happens in between.
   *
   * @param from where the last part ended, or undefined to begin
   * @param slots how far to go: the most entries a part has
   */
  scan(from: number | undefined, slots: number, visit: (entry: E) => void): number | undefined {
    const begin = from ?? FIRST_SLOT
    const end = Math.min(begin + slots, this.#table.end)
    for (let slot = begin; slot < end; slot++) {
      const entry = this.#table.entry(slot)
      if (entry !== undefined) visit(entry)
    }
    return end < this.#table.end ? end : undefined
  }

  /** Takes out what has to leave: nothing, one entry most of the time, or several. */
  #makeRoom(bytes: number): E | E[] | undefined {
    let evicted: E | E[] | undefined
    for (;;) {
      const forBytes = this.#bytes + bytes > this.#maxBytes
      if (!forBytes && this.#size < this.#maxEntries) return evicted
      const slot = this.#eviction.evict(forBytes, this.#bytesOf)
      const entry = this.#table.entry(slot)!
      this.#size--
      this.#bytes -= entry.bytes
      this.#table.release(slot)
      this.#index.delete(entry.key, this.#size, this.#rest)
      if (evicted === undefined) evicted = entry
      else if (Array.isArray(evicted)) evicted.push(entry)
      else evicted = [evicted, entry]
    }
  }

  /** Takes the entry out of the accounts, not yet out of the index and the table. */
  #forget(slot: number, { bytes }: E): void {
    this.#eviction.remove(slot, bytes)
    this.#size--
    this.#bytes -= bytes
  }

  #leave(slot: number, entry: E, why: Departure): void {
    this.#forget(slot, entry)
    this.#table.release(slot)
    if (this.#size === 0 && this.#table.end > SMALL_TABLES) {
      this.clear()
    } else {
      this.#index.delete(entry.key, this.#size, this.#rest)
      if (this.#table.expiring === 0) this.#sweep.stop()
    }
    this.#onLeave?.(entry, why)
  }

  #sweepStep(now: number, first: boolean): SweepStep {
    if (first) this.#cursor = FIRST_SLOT
    const from = this.#cursor
    const to = Math.min(from + STEP_SLOTS, this.#table.end)
    let slot = this.#table.nextExpired(from, to, now)
    for (let removals = 0; slot < to && removals < STEP_REMOVALS; removals++) {
      this.#leave(slot, this.#table.entry(slot)!, 'expired')
      if (this.#size === 0) return { done: true, soonest: Infinity }
      slot = this.#table.nextExpired(slot + 1, to, now)
    }
    this.#cursor = slot
    return { done: slot === this.#table.end, soonest: this.#table.soonest(from, slot) }
  }

  #newEviction(): Eviction {
    return this.#policy === 'lru' ? new Lru() : new S3Fifo(this.#maxBytes)
  }
}
