import { deepEqual, equal, ok } from 'node:assert/strict'
import { array, assert, constantFrom, integer, nat, property, record, tuple } from 'fast-check'
import { describe, it } from 'vitest'
import { BoundedMap, type Departure, type MemoryPolicy } from '../../adapters/memory/bounded-map.js'
import { contents } from './contents.js'
import { MovedClock } from './moved-clock.js'
import { thing, type Thing } from './thing.js'

const POLICIES: MemoryPolicy[] = ['lru', 's3-fifo']

interface Bounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** A map beside a model that is told what left; each action compares the two. */
class Compared {
  readonly #clock = new MovedClock()
  readonly #model = new Map<string, Thing>()
  readonly #map: BoundedMap<Thing>
  readonly #bounds: Bounds
  #left: [Thing, Departure][] = []

  constructor(policy: MemoryPolicy, bounds: Bounds) {
    this.#bounds = bounds
    this.#map = new BoundedMap({
      ...bounds,
      policy,
      clock: this.#clock,
      onLeave: (entry, why) => this.#left.push([entry, why]),
    })
  }

  set(key: string, bytes: number): void {
    const staleUntil = bytes % 3 ? Infinity : this.#clock.now() + bytes * 100
    const entry = thing(key, { bytes, staleUntil })
    const fits = bytes <= this.#bounds.maxBytes
    equal(this.#map.set(entry), fits)
    this.#drain('replaced', 'evicted')
    if (fits) this.#model.set(key, entry)
    equal(this.#map.peek(key), fits ? entry : undefined)
  }

  get(key: string): void {
    equal(this.#map.get(key), this.#model.get(key))
  }

  delete(key: string): void {
    equal(this.#map.delete(key), this.#model.get(key))
    this.#drain('deleted')
  }

  clear(): void {
    this.#map.clear()
    this.#model.clear()
    equal(this.#clock.waiting, 0)
  }

  pass(_key: string, n: number): void {
    this.#clock.pass(n * 100)
    const latest = this.#drain('expired').map(({ staleUntil }) => staleUntil)
    ok(Math.max(0, ...latest) <= this.#clock.now())
  }

  finish(): void {
    deepEqual(contents(this.#map), this.#model)
    for (const entry of this.#model.values()) equal(this.#map.get(entry.key), entry)
    this.#clock.pass(10_000)
    this.#drain('expired')
    const kept = [...this.#model.values()]
    deepEqual(
      kept.filter(({ staleUntil }) => staleUntil !== Infinity),
      [],
    )
    deepEqual(contents(this.#map), this.#model)
    equal(this.#clock.waiting, 0)
  }

  checkBounds(): void {
    const kept = [...contents(this.#map, 1_000).values()]
    ok(kept.length <= this.#bounds.maxEntries)
    equal(this.#map.size, kept.length)
    const bytes = kept.reduce((sum, entry) => sum + entry.bytes, 0)
    ok(bytes <= this.#bounds.maxBytes)
    equal(this.#map.bytes, bytes)
  }

  /** Takes what left out of the model: each for one of these reasons, and each as it was kept. */
  #drain(...reasons: Departure[]): Thing[] {
    const left = this.#left
    this.#left = []
    for (const [entry, why] of left) {
      ok(reasons.includes(why))
      equal(this.#model.get(entry.key), entry)
      this.#model.delete(entry.key)
    }
    return left.map(([entry]) => entry)
  }
}

const WEIGHTED = ['set', 'set', 'set', 'set', 'get', 'get', 'get', 'get', 'delete', 'pass'] as const
const action = tuple(constantFrom(...WEIGHTED), integer({ min: 0, max: 300 }), nat(40))

describe.each(POLICIES)('a map bounded by %s, whatever is done to it', (policy) => {
  it('keeps what a model keeps, within its bounds, and nothing that was deleted or has expired', () => {
    const bounds = record({
      maxEntries: integer({ min: 1, max: 200 }),
      maxBytes: integer({ min: 30, max: 4_000 }),
    })
    const actions = array(action, { minLength: 200, maxLength: 1_500, size: 'max' })
    assert(
      property(bounds, actions, (bounds, actions) => {
        const compared = new Compared(policy, bounds)
        actions.forEach(([what, key, n], i) => {
          compared[what](`k${key}`, n)
          if (i % 16 === 0) compared.checkBounds()
        })
        compared.finish()
      }),
      { numRuns: 100 },
    )
  })
  it('does so too where its tables move and begin anew', () => {
    const bounds = record({
      maxEntries: constantFrom(256, 257, 4_097, 5_000, Infinity),
      maxBytes: constantFrom(500, 20_000, Infinity),
    })
    const whats = constantFrom('set', 'set', 'set', 'heavy', 'get', 'delete', 'pass', 'clear')
    const counts = constantFrom(1, 2, 257, 1_100, 4_097, 6_000)
    const actions = array(tuple(whats, constantFrom(0, 1, 200, 4_000), counts, nat(4)), {
      minLength: 5,
      maxLength: 25,
      size: 'max',
    })
    assert(
      property(bounds, actions, (bounds, actions) => {
        const compared = new Compared(policy, bounds)
        for (const [what, from, count, n] of actions) {
          if (what === 'clear') compared.clear()
          else if (what === 'pass') compared.pass('', n * 10)
          else if (what === 'heavy')
            compared.set(`k${from + count}`, Math.min(bounds.maxBytes, 1e5))
          else for (let i = 0; i < count; i++) compared[what](`k${from + i}`, n)
          compared.checkBounds()
        }
        compared.finish()
      }),
      { numRuns: 60 },
    )
  })
})
