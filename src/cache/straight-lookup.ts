import { isPlain } from '../store/codec.js'
import type { Header } from '../store/envelope-layout.js'
import type { Entry, LocalLease, LocalStore, Version } from '../store/store.js'
import type { NearLease } from './ahead.js'
import { report, type Core } from './core.js'
import { createEntry } from './entries.js'
import type { Looked } from './shared-lookup.js'

/**
 * What process memory has of a straight read: the lease for what is read, planted before anything is asked, and those who join.
 */
export class StraightLookup {
  readonly lease: LocalLease
  /** What memory took over, once it has. */
  kept: Entry | undefined
  readonly #core: Core
  readonly #near: LocalStore
  readonly #key: string
  readonly #epoch: number
  #handedOver = false
  /** What the read gives to those who join, when there are any. */
  readonly #looked: () => Promise<Looked>

  constructor(core: Core, near: LocalStore, key: string, looked: () => Promise<Looked>) {
    this.#core = core
    this.#near = near
    this.#key = key
    this.#looked = looked
    this.lease = near.plant(key)
    this.#epoch = near.epoch
    core.lookups.set(key, this)
  }

  /** As long as nothing was heard of that memory would have to forget it for. */
  joinable(): boolean {
    return this.lease.live && this.#core.trusted && this.#near.epoch === this.#epoch
  }

  get promise(): Promise<Looked> {
    return this.#looked()
  }

  /** Keeps what was read and is fresh, unless something has come in between. The value is memory's own from here on, kept or not. */
  keep(
    value: unknown,
    header: Header,
    tags: readonly string[],
    versions: readonly Version[],
  ): Entry | undefined {
    const core = this.#core
    try {
      if (!this.lease.live || !core.trusted) return undefined
      const { loadedAt, freshUntil, staleUntil } = header
      const facts = { loadedAt, freshUntil, staleUntil, private: header.private, tags, versions }
      const holders = isPlain(header.form) ? 'nobody, plain' : 'nobody'
      const entry = createEntry(core, this.#key, value, facts, undefined, holders)
      this.#near.learn(this.lease, tags, versions)
      if (this.#near.fill(this.#key, this.lease, entry)) this.kept = entry
    } catch (error) {
      report(core, error, 'promote', { key: this.#key })
    } finally {
      this.leave()
    }
    return this.kept
  }

  /** Gives the lease to the load that follows: what was heard of meanwhile counts for what that notes and keeps. */
  handOver(): NearLease {
    this.#handedOver = true
    return { lease: this.lease, epoch: this.#epoch }
  }

  /** The read is over: nobody joins any more, and the lease is given back if it has not been used. */
  leave(): void {
    const { lookups } = this.#core
    if (lookups.get(this.#key) === this) lookups.delete(this.#key)
    if (this.lease.live && !this.#handedOver) this.#near.release(this.#key, this.lease)
  }
}
