import type { Clock } from '../../src/base/clock.js'
import type { Random } from '../../src/base/random.js'
import type { Entry, LocalLease, LocalStore, Version } from '../../src/store/store.js'
import { BoundedMap, type Departure } from './bounded-map.js'
import { LeaseTable, type Lease } from './lease-table.js'
import { memoryEntry, pairsMatch, type MemoryEntry } from './memory-entry.js'
import type { ResolvedOptions } from './options.js'
import { TagTable, type TagState } from './tag-table.js'

/**
 * This process as a store: entries in a bounded map, the versions of their tags, and the leases of those who are loading.
 *
 * An entry remembers the count of changes at which its pairs last matched, so a read compares one number until a tag
 * changes somewhere, and its pairs once after that.
 */
export class LocalMemory implements LocalStore {
  readonly kind = 'local'
  onEvict: ((key: string, entry: Entry) => void) | undefined
  readonly #clock: Clock
  readonly #map: BoundedMap<MemoryEntry>
  readonly #tags: TagTable
  readonly #leases = new LeaseTable()
  #isClosed = false

  constructor(options: ResolvedOptions, clock: Clock, random: Random) {
    const { maxEntries, maxBytes, maxTags, policy } = options
    this.#clock = clock
    this.#tags = new TagTable(maxTags, random)
    const onLeave = (entry: MemoryEntry, why: Departure) => this.#left(entry, why)
    this.#map = new BoundedMap({ maxEntries, maxBytes, policy, clock, onLeave })
  }

  get epoch(): number {
    return this.#tags.epoch
  }

  get size(): number {
    return this.#map.size
  }

  get bytes(): number {
    return this.#map.bytes
  }

  get(key: string): Entry | undefined {
    const entry = this.#map.get(key)
    return entry !== undefined && this.#isValid(entry) ? entry : undefined
  }

  peek(key: string): { readonly entry: Entry; readonly valid: boolean } | undefined {
    const entry = this.#map.peek(key)
    return entry && { entry, valid: this.#isValid(entry) }
  }

  plant(key: string): LocalLease {
    const lease = this.#leases.plant(key, this.#tags.invalidations)
    if (this.#isClosed) this.#leases.end(key, lease)
    return lease
  }

  release(key: string, lease: LocalLease): void {
    this.#leases.end(key, lease)
  }

  note(tags: readonly string[]): Version[] {
    return tags.map((tag) => this.#tags.note(tag).version!)
  }

  learn(
    lease: LocalLease,
    tags: readonly string[],
    versions: readonly (Version | undefined)[],
  ): void {
    if ((lease as Lease).invalidations === this.#tags.invalidations) {
      this.#tags.learn(tags, versions)
    }
  }

  /** An entry that is too large leaves the key empty: what was there is older than what the caller has now. */
  fill(key: string, lease: LocalLease, entry: Entry): boolean {
    if (!this.#leases.end(key, lease)) return false
    const nothingCame = lease.invalidations === this.#tags.invalidations
    const states = this.#tags.match(entry.tags, entry.versions, nothingCame)
    if (states === undefined || !this.#keep(key, entry, states)) return false
    this.#leases.endAll(key)
    return true
  }

  /** Takes over the versions of tags that it does not know: they were noted in the same tick. */
  put(key: string, entry: Entry): boolean {
    this.#leases.endAll(key)
    if (this.#isClosed) return false
    const states = entry.tags.map((tag, i) => this.#tags.adopt(tag, entry.versions[i]!))
    return this.#keep(key, entry, states)
  }

  drop(key: string): boolean {
    this.#leases.endAll(key)
    const entry = this.#map.delete(key)
    return entry !== undefined && this.#isValid(entry) && entry.staleUntil > this.#clock.now()
  }

  invalidate(tags: readonly string[], versions: readonly Version[]): void {
    this.#tags.invalidate(tags, versions)
  }

  clear(): void {
    this.#map.clear()
    this.#tags.clear()
    this.#leases.clear()
  }

  close(): void {
    this.#isClosed = true
    this.clear()
  }

  #keep(key: string, entry: Entry, states: readonly TagState[]): boolean {
    const kept = memoryEntry(key, entry, states)
    this.#tags.carry(states)
    if (this.#map.set(kept)) return true
    this.#tags.uncarry(states)
    return false
  }

  #isValid({ pairs }: MemoryEntry): boolean {
    const { epoch } = this.#tags
    if (pairs.matchedAt === epoch) return true
    if (!pairsMatch(pairs)) return false
    pairs.matchedAt = epoch
    return true
  }

  #left(entry: MemoryEntry, why: Departure): void {
    this.#tags.uncarry(entry.pairs.states)
    if (why === 'evicted') this.onEvict?.(entry.key, entry)
  }
}
