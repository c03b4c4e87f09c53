import { memoryStore } from '../memory/index.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import { repeatInvalidation } from '../../src/cache/change.js'
import type { Core } from '../../src/cache/core.js'
import { currentScope } from '../../src/cache/scope.js'
import type { LocalStore, Version } from '../../src/store/store.js'
import { admit, adopt, copyOut } from '../../src/store/value.js'
import type { Settings } from './options.js'

/** What a kept answer depends on, and how long it is kept. */
export interface Keeping {
  readonly tags: readonly string[]
  readonly ttlMs: number
}

/**
 * Kept answers: the process memory that a cache has as its nearest tier, whose every step is synchronous, used without the engine, whose
 * reads are promises. The protocol is the engine's: a lease is planted and the tags' versions are noted before the query runs, and
 * what was overtaken meanwhile (a function of the application that writes) is not kept.
 *
 * What is being made from answers, a page or an object of a cache, inherits their tags; that cache is told of every invalidation.
 */
export class Answers {
  readonly #store: LocalStore
  readonly #copies: boolean
  /** Caches that keep what was made from answers; the engine adds itself when it keeps such a thing. */
  readonly followers: Set<Core> = new Set()
  evictions = 0

  constructor(settings: Settings) {
    const { maxEntries, maxBytes } = settings
    this.#copies = settings.values === 'copy'
    this.#store = memoryStore({ maxEntries, maxBytes }).open({
      namespace: 'sqlite',
      clock: systemClock,
      random: systemRandom,
      onError: () => {},
    })
    this.#store.onEvict = () => this.evictions++
  }

  get size(): number {
    return this.#store.size
  }

  get bytes(): number {
    return this.#store.bytes
  }

  /** Whether something is being made here that depends on what it reads. */
  get isWatched(): boolean {
    return currentScope() !== undefined
  }

  /** The kept answer in `value`, the caller's own or frozen; undefined when there is none. */
  get(key: string): { readonly value: unknown } | undefined {
    const entry = this.#store.get(key)
    if (entry === undefined) return undefined
    if (entry.freshUntil !== Infinity && entry.freshUntil <= Date.now()) return undefined
    const scope = currentScope()
    if (scope) scope.note(this, entry.tags, entry.versions, entry.freshUntil, false)
    return { value: entry.copied ? copyOut(entry.value) : entry.value }
  }

  /**
   * Runs `query` and keeps what it answers. `tagsOf` says which of the tags noted beforehand the answer carries, when it is there.
   */
  load(
    key: string,
    noted: Keeping,
    tagsOf: (answer: unknown) => readonly string[],
    query: () => unknown,
  ): unknown {
    const lease = this.#store.plant(key)
    const versions = this.#store.note(noted.tags)
    let answer: unknown
    try {
      answer = query()
    } catch (error) {
      this.#store.release(key, lease)
      throw error
    }
    const tags = tagsOf(answer)
    const held = tags.map((tag) => versions[noted.tags.indexOf(tag)]!)
    const now = Date.now()
    const freshUntil = now + noted.ttlMs
    currentScope()?.note(this, tags, held, freshUntil, false)
    // Nobody else holds the rows: frozen they are kept as they are; a caller who may change them leaves us a copy.
    const { value, copied, bytes } = this.#copies ? admit(answer, 'copy') : adopt(answer)
    this.#store.fill(key, lease, {
      value,
      copied,
      loadedAt: now,
      freshUntil,
      staleUntil: freshUntil,
      checkAt: freshUntil,
      private: false,
      bytes: bytes + 2 * key.length + 100,
      tags,
      versions: held,
    })
    return copied && !this.#copies ? copyOut(value) : this.#copies ? answer : value
  }

  /** What is being made from an answer that is not kept depends on these all the same. */
  note(tags: readonly string[]): void {
    currentScope()?.note(this, tags, this.#store.note(tags), Infinity, false)
  }

  /** Whether the versions that were noted still hold: the engine asks before it keeps what was made from answers. */
  holds(tags: readonly string[], versions: readonly Version[]): boolean {
    return this.#store.note(tags).every((version, index) => version === versions[index])
  }

  invalidate(tags: readonly string[]): void {
    if (tags.length === 0) return
    this.#store.invalidate(
      tags,
      tags.map(() => systemRandom.token()),
    )
    this.#tell(tags)
  }

  /** @param tag The tag that everything carries. */
  clear(tag: string): void {
    this.#store.clear()
    this.#tell([tag])
  }

  /** Lets go of everything; what was made from it stays true of the database as it was closed. */
  forget(): void {
    this.#store.clear()
  }

  /** At once, for the caller goes on at once. */
  #tell(tags: readonly string[]): void {
    for (const core of this.followers) {
      if (core.closed) this.followers.delete(core)
      else repeatInvalidation(core, tags)
    }
  }
}
