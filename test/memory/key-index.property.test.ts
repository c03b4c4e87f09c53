import { equal, ok } from 'node:assert/strict'
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, it } from 'vitest'
import { KeyIndex } from '../../adapters/memory/key-index.js'

/** More keys than an index is ever told the number of. */
const KEYS = Array.from({ length: 170_000 }, (_, i) => `k${i}`)

/** An index beside a model, used as a bounded map does: it never has more keys than it was made for. */
class Compared {
  readonly #most: number
  readonly #index: KeyIndex
  readonly #model = new Map<string, number>()
  #slot = 1

  constructor(most: number) {
    this.#most = most
    this.#index = new KeyIndex(most)
  }

  set(key: string): void {
    if (this.#model.size === this.#most && !this.#model.has(key)) {
      this.delete(this.#model.keys().next().value!)
    }
    this.#index.set(key, ++this.#slot)
    this.#model.set(key, this.#slot)
    equal(this.#index.get(key), this.#slot)
  }

  delete(key: string): void {
    if (!this.#model.delete(key)) return
    this.#index.delete(key, this.#model.size, () => new Map(this.#model))
    equal(this.#index.get(key), 0)
  }

  clear(): void {
    this.#index.clear()
    this.#model.clear()
  }

  check(): void {
    for (const key of KEYS) equal(this.#index.get(key), this.#model.get(key) ?? 0)
    if (this.#most < 131_072) equal(this.#index.held, this.#model.size)
    else ok(this.#index.held >= this.#model.size)
  }
}

const whats = constantFrom('set', 'set', 'delete', 'again', 'renew', 'churn', 'clear')
/** How much of what came first leaves then: nothing, most of it, almost all. */
const thinnings = constantFrom(0, 0.8, 0.99)
const froms = constantFrom(0, 1, 100, 3_000, 60_000, 140_000)
const counts = constantFrom(2, 256, 257, 300, 2_048, 4_096, 4_097, 129_030, 131_072, 150_000)
const actions = array(tuple(whats, froms, counts, integer({ min: 1, max: 3 })), {
  minLength: 4,
  maxLength: 10,
  size: 'max',
})

describe('the index of keys, whatever is done to it', { timeout: 60_000 }, () => {
  it.each<[most: number, first: number, numRuns: number]>([
    [1, 0, 3],
    [256, 0, 10],
    [257, 0, 30],
    [4_096, 0, 10],
    [5_000, 0, 15],
    [100_000, 0, 2],
    [131_071, 0, 2],
    [Infinity, 0, 2],
    [Infinity, 150_000, 8],
  ])(
    'knows the keys it was told last, and no other: %d at most, after %d',
    (most, first, numRuns) => {
      assert(
        property(thinnings, actions, (thinned, actions) => {
          const compared = new Compared(most)
          for (const key of KEYS.slice(0, first)) compared.set(key)
          for (const key of KEYS.slice(0, first * thinned)) compared.delete(key)
          for (const [what, from, many, stride] of actions) {
            const count = Math.min(many, 2 * most)
            for (let i = 0; i < count; i++) {
              const key = KEYS[(from + i * stride) % KEYS.length]!
              // Now one of those that were there before, now one of those that have just come.
              const other = KEYS[(from + i * 2 + 100) % KEYS.length]!
              if (what === 'delete' || what === 'again') compared.delete(key)
              if (what !== 'delete' && what !== 'clear') compared.set(key)
              if (what === 'churn') compared.delete(other)
              if (what === 'renew') compared.set(other)
            }
            if (what === 'clear') compared.clear()
          }
          compared.check()
        }),
        { numRuns },
      )
    },
  )
})
