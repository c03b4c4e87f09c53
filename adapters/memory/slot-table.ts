import type { Kept } from './kept.js'

/** The first slot given to an entry: the smaller numbers are the ends of the eviction lists. */
export const FIRST_SLOT = 2

/**
 * Gives each key that has an entry a small number, its slot, so that what is noted beside entries (links, uses, moments) can
 * live in typed arrays of a few bytes per entry, and a sweep over a million moments reads eight megabytes in a row
 * instead of a million objects.
 */
export class SlotTable<E extends Kept> {
  /** A free slot holds the next free one; the last of them holds 0. */
  #entries: (E | number)[] = [0, 0]
  #expiries = new Float64Array(64).fill(Infinity)
  #free = 0
  #expiring = 0

  /** One more than the highest slot ever used. */
  get end(): number {
    return this.#entries.length
  }

  /** Number of entries that will expire some day. */
  get expiring(): number {
    return this.#expiring
  }

  /** A slot for the entry. */
  claim(entry: E): number {
    const slot = this.#free || this.#entries.length
    if (slot === this.#free) this.#free = this.#entries[slot] as number
    if (slot >= this.#expiries.length) this.#grow()
    this.put(slot, entry)
    return slot
  }

  /** The slot now belongs to this entry. */
  put(slot: number, entry: E): void {
    this.#entries[slot] = entry
    this.#setExpiry(slot, entry.staleUntil)
  }

  release(slot: number): void {
    this.#entries[slot] = this.#free
    this.#free = slot
    this.#setExpiry(slot, Infinity)
  }

  /** The entry of a slot; undefined when it is free. */
  entry(slot: number): E | undefined {
    const entry = this.#entries[slot]
    return typeof entry === 'number' ? undefined : entry
  }

  /** The first slot from `from` on, and before `to`, that expired at `now`; `to` when there is none. */
  nextExpired(from: number, to: number, now: number): number {
    const expiries = this.#expiries
    for (let slot = from; slot < to; slot++) if (expiries[slot]! <= now) return slot
    return to
  }

  /** The soonest moment at which an entry of these slots expires. */
  soonest(from: number, to: number): number {
    const expiries = this.#expiries
    let soonest = Infinity
    for (let slot = from; slot < to; slot++) {
      const expiry = expiries[slot]!
      if (expiry < soonest) soonest = expiry
    }
    return soonest
  }

  #setExpiry(slot: number, expiry: number): void {
    if (this.#expiries[slot] !== Infinity) this.#expiring--
    if (expiry !== Infinity) this.#expiring++
    this.#expiries[slot] = expiry
  }

  #grow(): void {
    const length = this.#expiries.length
    const expiries = new Float64Array(Math.ceil(length * 1.5)).fill(Infinity, length)
    expiries.set(this.#expiries)
    this.#expiries = expiries
  }
}
