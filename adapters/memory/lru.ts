import type { Eviction } from './eviction.js'
import { Links, SlotList } from './slot-list.js'

/** Evicts the entry that was not used for the longest time. */
export class Lru implements Eviction {
  readonly #links = new Links()
  readonly #list = new SlotList(this.#links, 0)

  add(slot: number, _key: string, bytes: number): void {
    this.#links.reach(slot)
    this.#list.push(slot, bytes)
  }

  touch(slot: number): void {
    this.#list.renew(slot)
  }

  remove(slot: number, bytes: number): void {
    this.#list.take(slot, bytes)
  }

  putBack(slot: number, bytes: number): void {
    this.#list.push(slot, bytes)
  }

  each(visit: (slot: number) => void): void {
    this.#list.each(visit)
  }

  evict(_forBytes: boolean, bytesOf: (slot: number) => number): number {
    const slot = this.#list.oldest
    this.#list.take(slot, bytesOf(slot))
    return slot
  }
}
