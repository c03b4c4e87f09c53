import { Few } from '../../src/base/few.js'
import type { LocalLease } from '../../src/store/store.js'

/** A lease, chained to the other leases of its key. */
export interface Lease extends LocalLease {
  live: boolean
  /** The number of invalidations that had come when it was planted. */
  readonly invalidations: number
  next: Lease | undefined
}

/** The leases by key. It holds those that live, and nothing else. */
export class LeaseTable {
  readonly #leases = new Few<Lease>()

  /** Number of keys with a lease. */
  get size(): number {
    return this.#leases.size
  }

  plant(key: string, invalidations: number): Lease {
    const lease = { live: true, invalidations, next: this.#leases.get(key) }
    this.#leases.set(key, lease)
    return lease
  }

  /** Ends one lease. False when it was not a live lease of this key. */
  end(key: string, lease: LocalLease): lease is Lease {
    let before: Lease | undefined
    for (let at = this.#leases.get(key); at !== undefined; before = at, at = at.next) {
      if (at !== lease) continue
      at.live = false
      if (before !== undefined) before.next = at.next
      else if (at.next !== undefined) this.#leases.set(key, at.next)
      else this.#leases.delete(key)
      return true
    }
    return false
  }

  /** Ends all leases of a key. */
  endAll(key: string): void {
    const first = this.#leases.get(key)
    if (first === undefined) return
    this.#leases.delete(key)
    endChain(first)
  }

  /** Ends all leases of all keys. */
  clear(): void {
    for (const first of this.#leases.values()) endChain(first)
    this.#leases.clear()
  }
}

function endChain(first: Lease): void {
  for (let lease: Lease | undefined = first; lease !== undefined; lease = lease.next) {
    lease.live = false
  }
}
