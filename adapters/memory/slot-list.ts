/** Neighbours by slot, for all lists over the same slots: 8 bytes per entry, and no object per link. */
export class Links {
  next: Uint32Array = new Uint32Array(64)
  previous: Uint32Array = new Uint32Array(64)

  /** Makes room for a slot. */
  reach(slot: number): void {
    if (slot < this.next.length) return
    const length = Math.max(slot + 1, Math.ceil(this.next.length * 1.5))
    this.next = extended(this.next, length)
    this.previous = extended(this.previous, length)
  }
}

/**
 * A queue of slots, oldest first, from which any slot can be taken in constant time.
 *
 * A ring of links closed by `end`, a slot that no entry has: there is no first or last element to treat apart.
 */
export class SlotList {
  readonly #links: Links
  readonly #end: number
  /** Number of slots in the list. */
  count = 0
  /** Sum of the weights told to `push` and `take`. */
  bytes = 0

  constructor(links: Links, end: number) {
    this.#links = links
    this.#end = end
    links.next[end] = end
    links.previous[end] = end
  }

  /** The oldest slot; meaningless while the list is empty. */
  get oldest(): number {
    return this.#links.next[this.#end]!
  }

  push(slot: number, bytes: number): void {
    const { next, previous } = this.#links
    const last = previous[this.#end]!
    next[last] = slot
    previous[slot] = last
    next[slot] = this.#end
    previous[this.#end] = slot
    this.count++
    this.bytes += bytes
  }

  take(slot: number, bytes: number): void {
    const { next, previous } = this.#links
    const before = previous[slot]!
    const after = next[slot]!
    next[before] = after
    previous[after] = before
    this.count--
    this.bytes -= bytes
  }

  /** Makes the slot the newest. */
  renew(slot: number): void {
    const { next, previous } = this.#links
    const end = this.#end
    const after = next[slot]!
    if (after === end) return
    const before = previous[slot]!
    next[before] = after
    previous[after] = before
    const last = previous[end]!
    next[last] = slot
    previous[slot] = last
    next[slot] = end
    previous[end] = slot
  }
}

/** A longer copy of the array. */
export function extended(array: Uint32Array, length: number): Uint32Array {
  const copy = new Uint32Array(length)
  copy.set(array)
  return copy
}
