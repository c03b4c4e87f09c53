import type { Eviction } from './eviction.js'
import { Ghost, hashOf } from './ghost.js'
import { extended, Links, SlotList } from './slot-list.js'

// S3-FIFO: Yang, Zhang, Qiu, Yue, Vinayak, "FIFO queues are all you need for cache eviction", SOSP '23.
//
// A new entry joins the small queue. When room is needed and the small queue is over its share, its oldest entry moves to
// the main queue if it was used, else it leaves and its fingerprint stays in the ghost. A key that comes back while the
// ghost remembers it joins the main queue at once. The main queue gives an entry that was used another round for each use,
// up to three. A use only counts up to three: nothing moves, which makes a hit cheaper than LRU's.
//
// Three things differ from the paper, each measured by `npm run bench -- ratio-traces`:
// - One use, not two, moves an entry on to the main queue: with two, bursts of application traffic lose up to 13 points.
// - The small queue has a tenth of the room, but at least 100 entries or half of all, whichever is less: a queue of a few
//   entries sees no second use.
// - Below 100 entries in all it is plain LRU, by the same list: queues that short cannot tell.
// Moves per eviction are bounded, so that one `set` in a large map stays far below a millisecond; where many entries were
// used, the oldest of the main queue leaves in place of one that was not.

const MAX_USES = 3
const IN_MAIN = 0x80
const SMALL_SHARE = 0.1
const SMALL_AT_LEAST = 100
const GHOST_SHARE = 0.9
const MANY = 100
const FEW = 80
const MAX_PROMOTIONS = 256
const MAX_ROUNDS = 16

/** Evicts what was used once and not again before what was used, in FIFO queues (S3-FIFO). */
export class S3Fifo implements Eviction {
  readonly #links = new Links()
  readonly #small = new SlotList(this.#links, 0)
  readonly #main = new SlotList(this.#links, 1)
  readonly #ghost = new Ghost()
  readonly #smallBytes: number
  /** Uses since the entry was last moved, and whether it is in the main queue. */
  #notes = new Uint8Array(64)
  #hashes: Uint32Array = new Uint32Array(64)
  /** Too few entries for queues: `#small` is one LRU list. */
  #plain = true

  constructor(maxBytes: number) {
    this.#smallBytes = maxBytes * SMALL_SHARE
  }

  add(slot: number, key: string, bytes: number): void {
    this.#reach(slot)
    const hash = hashOf(key)
    this.#hashes[slot] = hash
    const known =
      !this.#plain && this.#ghost.take(hash, (this.#small.count + this.#main.count) * GHOST_SHARE)
    this.#notes[slot] = known ? IN_MAIN : 0
    this.putBack(slot, bytes)
  }

  touch(slot: number): void {
    const notes = this.#notes
    const note = notes[slot]!
    if ((note & ~IN_MAIN) < MAX_USES) notes[slot] = note + 1
    if (this.#plain) this.#small.renew(slot)
  }

  remove(slot: number, bytes: number): void {
    this.#listOf(slot).take(slot, bytes)
  }

  putBack(slot: number, bytes: number): void {
    if (this.#plain) this.#notes[slot]! &= ~IN_MAIN
    this.#listOf(slot).push(slot, bytes)
    if (this.#plain && this.#small.count >= MANY) this.#plain = false
  }

  each(visit: (slot: number) => void): void {
    this.#small.each(visit)
    this.#main.each(visit)
  }

  evict(forBytes: boolean, bytesOf: (slot: number) => number): number {
    if (!this.#plain && this.#small.count + this.#main.count < FEW) this.#becomePlain(bytesOf)
    if (this.#plain) {
      const slot = this.#small.oldest
      this.#small.take(slot, bytesOf(slot))
      return slot
    }
    for (let moves = 0; this.#smallIsOver(forBytes); moves++) {
      const slot = this.#small.oldest
      const bytes = bytesOf(slot)
      const used = this.#notes[slot]! > 0
      if (used && moves === MAX_PROMOTIONS) break
      this.#small.take(slot, bytes)
      if (!used) {
        this.#ghost.add(this.#hashes[slot]!, this.#small.count + this.#main.count + 1)
        return slot
      }
      this.#notes[slot] = IN_MAIN
      this.#main.push(slot, bytes)
    }
    return this.#evictFromMain(bytesOf)
  }

  #evictFromMain(bytesOf: (slot: number) => number): number {
    const notes = this.#notes
    for (let moves = 0; ; moves++) {
      const slot = this.#main.oldest
      if (notes[slot] === IN_MAIN || moves === MAX_ROUNDS) {
        this.#main.take(slot, bytesOf(slot))
        return slot
      }
      notes[slot]!--
      this.#main.renew(slot)
    }
  }

  #smallIsOver(forBytes: boolean): boolean {
    if (this.#main.count === 0) return true
    const entries = this.#small.count + this.#main.count
    if (this.#small.count < Math.min(SMALL_AT_LEAST, entries / 2)) return false
    return forBytes
      ? this.#small.bytes >= this.#smallBytes
      : this.#small.count >= entries * SMALL_SHARE
  }

  /** What the main queue held was used: it becomes the more recent part of the one list. */
  #becomePlain(bytesOf: (slot: number) => number): void {
    while (this.#main.count > 0) {
      const slot = this.#main.oldest
      const bytes = bytesOf(slot)
      this.#main.take(slot, bytes)
      this.#notes[slot]! &= ~IN_MAIN
      this.#small.push(slot, bytes)
    }
    this.#plain = true
  }

  #listOf(slot: number): SlotList {
    return this.#notes[slot]! >= IN_MAIN ? this.#main : this.#small
  }

  #reach(slot: number): void {
    this.#links.reach(slot)
    const length = this.#links.slots
    if (this.#notes.length === length) return
    const notes = new Uint8Array(length)
    notes.set(this.#notes)
    this.#notes = notes
    this.#hashes = extended(this.#hashes, length)
  }
}
