/** Neighbours by slot, for all lists over the same slots: 8 bytes per entry, side by side, and no object per link. */
export class Links {
  /** The slot before at twice the slot's number, the slot behind next to it. */
  cells: Uint32Array = new Uint32Array(128)

  /** Makes room for a slot. */
  reach(slot: number): void {
    if (2 * slot + 1 < this.cells.length) return
    this.cells = extended(this.cells, 2 * Math.ceil(slot * 1.5))
  }

  /** Number of slots that there is room for. */
  get slots(): number {
    return this.cells.length / 2
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
    links.cells[2 * end] = end
    links.cells[2 * end + 1] = end
  }

  /** The oldest slot; meaningless while the list is empty. */
  get oldest(): number {
    return this.#links.cells[2 * this.#end + 1]!
  }

  push(slot: number, bytes: number): void {
    const { cells } = this.#links
    const end = this.#end
    const last = cells[2 * end]!
    cells[2 * last + 1] = slot
    cells[2 * slot] = last
    cells[2 * slot + 1] = end
    cells[2 * end] = slot
    this.count++
    this.bytes += bytes
  }

  take(slot: number, bytes: number): void {
    const { cells } = this.#links
    const before = cells[2 * slot]!
    const behind = cells[2 * slot + 1]!
    cells[2 * before + 1] = behind
    cells[2 * behind] = before
    this.count--
    this.bytes -= bytes
  }

  /** Visits the slots, oldest first. */
  each(visit: (slot: number) => void): void {
    const { cells } = this.#links
    for (let slot = this.oldest; slot !== this.#end; slot = cells[2 * slot + 1]!) visit(slot)
  }

  /** Makes the slot the newest. */
  renew(slot: number): void {
    const { cells } = this.#links
    const end = this.#end
    const behind = cells[2 * slot + 1]!
    if (behind === end) return
    const before = cells[2 * slot]!
    const last = cells[2 * end]!
    cells[2 * before + 1] = behind
    cells[2 * behind] = before
    cells[2 * last + 1] = slot
    cells[2 * slot] = last
    cells[2 * slot + 1] = end
    cells[2 * end] = slot
  }
}

/** A longer copy of the array. */
export function extended(array: Uint32Array, length: number): Uint32Array {
  const copy = new Uint32Array(length)
  copy.set(array)
  return copy
}
