import { deepEqual, equal, ok } from 'node:assert/strict'
import { array, assert, boolean, constantFrom, nat, property, record, tuple } from 'fast-check'
import { describe, it } from 'vitest'
import { LocalMemory } from '../../adapters/memory/local-memory.js'
import { resolveOptions, type MemoryStoreOptions } from '../../adapters/memory/options.js'
import { systemRandom } from '../../src/base/random.js'
import type { Entry } from '../../src/store/store.js'
import { MovedClock } from './moved-clock.js'

const DAY = 864e5
const FIELDS = ['value', 'loadedAt', 'freshUntil', 'staleUntil', 'checkAt'] as const
const MORE = ['copied', 'private', 'bytes', 'tags', 'versions'] as const

/** Around everything that the forms of an entry tell apart: whole or not, in 31 or 32 bits, in eight spans, or beyond. */
const ages = constantFrom(0, 0, 0.5, 24 * DAY, 26 * DAY, -1, -20 * DAY, -170 * DAY, -300 * DAY)
const WORD = 2 ** 32
const lengths = constantFrom(
  0,
  1,
  0.25,
  900,
  60_000,
  WORD / 2,
  WORD - 2,
  WORD - 1,
  WORD,
  -5,
  Infinity,
)
const times = record({ age: ages, fresh: lengths, stale: lengths, check: lengths, same: boolean() })
const facts = record({
  times,
  bytes: constantFrom(0, 1, 90, 100, 130, 2 ** 26 - 1, 2 ** 26),
  copied: boolean(),
  private: boolean(),
  tags: constantFrom([], [], ['t0'], ['t1'], ['t2', 't0'], ['t3', 't1', 't2']),
})
type Given = typeof facts extends { generate: (...args: never[]) => { value: infer G } } ? G : never

const whats = constantFrom('put', 'put', 'put', 'fill', 'get', 'get', 'drop', 'change', 'pass')
/** What a listener does to the store that tells it of an entry. */
const replies = constantFrom('put', 'drop', 'change', 'clear', 'get', 'get', 'get', 'get')
const action = tuple(whats, nat(2), nat(150), facts, replies)

let ids = 0

/** A store beside a model of what was given, in a process that has other stores. */
class Compared {
  readonly #clock: MovedClock
  readonly #store: LocalMemory
  readonly #model = new Map<string, { readonly entry: Entry; valid: boolean }>()
  #reply: (() => void) | undefined
  /** Entries found gone while a listener was told of another, of which it is to be told yet. */
  readonly #untold = new Set<unknown>()
  #isTelling = false

  constructor(clock: MovedClock, options: MemoryStoreOptions) {
    this.#clock = clock
    this.#store = new LocalMemory(resolveOptions(options), clock, systemRandom)
    this.#store.onEvict = (key, entry) => {
      if (this.#model.get(key)?.entry.value === entry.value) this.#model.delete(key)
      this.#untold.delete(entry.value)
      const reply = this.#reply
      if (reply === undefined) return
      this.#reply = undefined
      this.#isTelling = true
      reply()
      this.#isTelling = false
    }
  }

  /** Does it, and answers the first eviction that comes of it. */
  do(what: 'put' | 'fill' | 'get' | 'drop' | 'change' | 'clear' | 'pass', n: number, given: Given) {
    const key = `k${n}`
    if (what === 'put' || what === 'fill') this.#keep(what, key, this.#entry(given))
    else if (what === 'get') this.#get(key)
    else if (what === 'drop') {
      this.#get(key)
      this.#model.delete(key)
      this.#store.drop(key)
      equal(this.#store.peek(key), undefined)
    } else if (what === 'change') this.#invalidate(given.tags)
    else if (what === 'clear') {
      this.#model.clear()
      this.#store.clear()
    } else this.#clock.pass(n * 10)
  }

  answering(reply: () => void): void {
    this.#reply = reply
  }

  check(): void {
    this.#reply = undefined
    equal(this.#untold.size, 0)
    for (const key of this.#model.keys()) this.#get(key)
    for (let n = 0; n <= 150; n++) if (!this.#model.has(`k${n}`)) this.#get(`k${n}`)
    const kept = [...this.#model.values()]
    equal(this.#store.size, kept.length)
    equal(
      this.#store.bytes,
      kept.reduce((sum, { entry }) => sum + entry.bytes, 0),
    )
  }

  #entry({ times: { age, fresh, stale, check, same }, ...given }: Given): Entry {
    const loadedAt = this.#clock.now() - age
    return {
      ...given,
      value: ids++,
      loadedAt,
      freshUntil: loadedAt + fresh,
      staleUntil: loadedAt + (same ? fresh : stale),
      checkAt: loadedAt + (same ? fresh : check),
      versions: this.#store.note(given.tags),
    }
  }

  #keep(what: 'put' | 'fill', key: string, entry: Entry): void {
    this.#model.set(key, { entry, valid: true })
    const isKept =
      what === 'put'
        ? this.#store.put(key, entry)
        : this.#store.fill(key, this.#store.plant(key), entry)
    if (!isKept) this.#model.delete(key)
  }

  #invalidate(tags: readonly string[]): void {
    for (const kept of this.#model.values()) {
      if (kept.entry.tags.some((tag) => tags.includes(tag))) kept.valid = false
    }
    this.#store.invalidate(
      tags,
      tags.map(() => systemRandom.token()),
    )
  }

  #get(key: string): void {
    const kept = this.#model.get(key)
    const found = this.#store.peek(key)
    if (found === undefined) {
      if (kept !== undefined && kept.entry.staleUntil > this.#clock.now()) {
        ok(this.#isTelling)
        this.#untold.add(kept.entry.value)
      }
      this.#model.delete(key)
      equal(this.#store.get(key), undefined)
      return
    }
    for (const field of [...FIELDS, ...MORE]) deepEqual(found.entry[field], kept!.entry[field])
    equal(found.valid, kept!.valid)
    equal(this.#store.get(key), kept!.valid ? found.entry : undefined)
  }
}

describe('stores of one process, whatever is done to them', () => {
  it('return each entry as it was given last, until it left or one of its tags changed there', () => {
    const options = constantFrom<MemoryStoreOptions>(
      { maxEntries: 1 },
      { maxEntries: 2, policy: 'lru' },
      { maxEntries: 90 },
      { maxEntries: 140, maxBytes: 10_000 },
      { maxEntries: Infinity, maxBytes: 2 ** 27 },
      { maxEntries: 100, maxBytes: Infinity, policy: 'lru' },
    )
    const actions = array(action, { minLength: 100, maxLength: 900, size: 'max' })
    assert(
      property(tuple(options, options, options), actions, (options, actions) => {
        const clock = new MovedClock(Date.now())
        const stores = options.map((one) => new Compared(clock, one))
        for (const [what, which, n, given, reply] of actions) {
          const store = stores[which]!
          store.answering(() => store.do(reply, (n * 7) % 151, given))
          store.do(what, n, given)
        }
        for (const store of stores) store.check()
      }),
      { numRuns: 300 },
    )
  })
})
