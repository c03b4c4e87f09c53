import { CacheError } from '../base/errors.js'
import type { Clock, Cancel } from '../base/clock.js'
import type { Version } from '../store/store.js'

/** What has to be delivered: keys to drop, tags with their new versions, or everything. */
export interface Pending {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  readonly all: Version | undefined
}

export interface JournalOptions {
  readonly clock: Clock
  /** How many keys and tags are kept one by one; past it the namespace as a whole is invalidated at recovery. */
  readonly maxPending: number
  /** Delivers; rejects when it could not. Everything in it is safe to repeat. */
  readonly deliver: (pending: Pending) => Promise<void>
  /** A version for invalidating everything, when the bound was passed. */
  readonly token: () => Version
}

const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2_000

/**
 * Invalidations that could not be delivered to one place, kept until they are.
 *
 * They are coalesced: a key once, a tag once. Until an item is delivered, what that place
 * says about it is not believed by this process (`blocksKey`, `blocksTag`), so nothing that was invalidated is served
 * by the one who invalidated it, in whatever order servers come back. Past the bound the journal keeps a single
 * item, "everything", and nothing from that place is believed until it is delivered.
 */
export class Journal {
  readonly #options: JournalOptions
  /** Each key with the number of its latest addition, so that a delivery settles only what it delivered. */
  readonly #keys = new Map<string, number>()
  #additions = 0
  readonly #tags = new Map<string, Version>()
  #all: Version | undefined
  #running: Promise<void> | undefined
  #cancel: Cancel | undefined
  #retryMs = FIRST_RETRY_MS
  #waiters: PromiseWithResolvers<void> | undefined
  #closed = false

  constructor(options: JournalOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#keys.size + this.#tags.size + (this.#all === undefined ? 0 : 1)
  }

  get blocksAll(): boolean {
    return this.#all !== undefined
  }

  blocksKey(key: string): boolean {
    return this.#all !== undefined || this.#keys.has(key)
  }

  blocksTag(tag: string): boolean {
    return this.#all !== undefined || this.#tags.has(tag)
  }

  addKeys(keys: readonly string[]): void {
    for (const key of keys) this.#keys.set(key, ++this.#additions)
    this.#added()
  }

  addTags(tags: readonly string[], versions: readonly Version[]): void {
    tags.forEach((tag, index) => this.#tags.set(tag, versions[index]!))
    this.#added()
  }

  addAll(version: Version): void {
    this.#all = version
    this.#keys.clear()
    this.#tags.clear()
    this.#added()
  }

  /** A later change of this key was delivered: the earlier one has nothing left to do. */
  settleKey(key: string): void {
    if (this.#keys.delete(key)) this.#settled()
  }

  /**
   * Resolves when nothing is pending any more; rejects when the cache is closed first. Somebody who waits keeps the process alive,
   * since no connection and no timer of ours does.
   */
  delivered(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    if (this.#closed) return Promise.reject(undelivered())
    if (this.#waiters === undefined) {
      this.#waiters = Promise.withResolvers<void>()
      const alive = setInterval(() => {}, 2 ** 31 - 1)
      this.#waiters.promise.catch(() => {}).finally(() => clearInterval(alive))
    }
    return this.#waiters.promise
  }

  /** Tries to deliver now; never rejects. */
  replay(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    this.#running ??= this.#replay().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Stops retrying. What is still pending is lost with the process, and its waiters are told. */
  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#waiters?.reject(undelivered())
    this.#waiters = undefined
  }

  #added(): void {
    if (this.#all === undefined && this.#keys.size + this.#tags.size > this.#options.maxPending) {
      this.addAll(this.#options.token())
      return
    }
    if (this.#all !== undefined) {
      // Everything covers what has just been added, but only if it is delivered after this moment.
      this.#all = this.#options.token()
      this.#keys.clear()
      this.#tags.clear()
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#cancel !== undefined || this.#closed) return
    this.#cancel = this.#options.clock.after(this.#retryMs, () => {
      this.#cancel = undefined
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
      void this.replay()
    })
  }

  async #replay(): Promise<void> {
    const keys = [...this.#keys.keys()]
    const additions = [...this.#keys.values()]
    const tags = [...this.#tags.keys()]
    const kept = [...this.#tags.values()]
    const all = this.#all
    // Each attempt has versions of its own. The last one may have been carried out though nobody heard so; what was
    // kept under its version may have been invalidated by others since, and would be valid again if it came back.
    const { token } = this.#options
    const versions = tags.map(token)
    try {
      await this.#options.deliver({ keys, tags, versions, all: all && token() })
    } catch {
      this.#schedule()
      return
    }
    this.#retryMs = FIRST_RETRY_MS
    keys.forEach((key, index) => {
      if (this.#keys.get(key) === additions[index]) this.#keys.delete(key)
    })
    tags.forEach((tag, index) => {
      if (this.#tags.get(tag) === kept[index]) this.#tags.delete(tag)
    })
    if (this.#all === all) this.#all = undefined
    this.#settled()
  }

  #settled(): void {
    if (this.size > 0) {
      this.#schedule()
      return
    }
    this.#cancel?.()
    this.#cancel = undefined
    this.#waiters?.resolve()
    this.#waiters = undefined
  }
}

function undelivered(): CacheError {
  return new CacheError(
    'CACHE_CLOSED',
    'the cache was closed before every invalidation was delivered',
  )
}
