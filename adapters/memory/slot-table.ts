import type { Kept } from './kept.js'

/** The first slot given to an entry: the smaller numbers are the ends of the eviction lists. */
export const FIRST_SLOT = 2

/**
 * Gives each kept entry a small number, its slot, so that what is noted beside entries (links, uses, moments) can
 * live in typed arrays of a few bytes per entry, and a sweep over a million moments reads eight megabytes in a row
 * instead of a million objects.
 */
export class SlotTable<E extends Kept> {
  #entries: (E | undefined)[] = [undefined, undefined]
  #expiries = new Float64Array(64).fill(Infinity)
  #free: number[] = []
  #expiring = 0

  /** One more than the highest slot ever used. */
  get end(): number {
    return this.#entries.length
  }

  /** Number of entries that will expire some day. */
  get expiring(): number {
    return this.#expiring
  }

  claim(entry: E): number {
    const slot = this.#free.pop() ?? this.#entries.length
    if (slot >= this.#expiries.length) this.#grow()
    entry.slot = slot
    this.#entries[slot] = entry
    this.#setExpiry(slot, entry.staleUntil)
    return slot
  }

  /** The slot of `before` now belongs to `after`. */
  hand(before: E, after: E): void {
    const { slot } = before
    before.slot = -1
    after.slot = slot
    this.#entries[slot] = after
    this.#setExpiry(slot, after.staleUntil)
  }

  release(entry: E): void {
    const { slot } = entry
    entry.slot = -1
    this.#entries[slot] = undefined
    this.#setExpiry(slot, Infinity)
    this.#free.push(slot)
  }

  entry(slot: number): E | undefined {
    return this.#entries[slot]
  }

  *entries(): IterableIterator<E> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry
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
