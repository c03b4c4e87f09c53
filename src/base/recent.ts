/**
 * A map that remembers about the last `max` entries that were set, and forgets older ones without looking for them: two
 * generations, of which the elder goes when the younger is half of `max`. For what may be forgotten at any time.
 */
export class Recent<V> {
  readonly #half: number
  #young = new Map<string, V>()
  #old = new Map<string, V>()

  constructor(max: number) {
    this.#half = Math.max(1, Math.ceil(max / 2))
  }

  /** At most about `max`; an entry that was set in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): V | undefined {
    // Nothing that is looked for in an empty map has to be hashed.
    if (this.#young.size === 0) return this.#old.size === 0 ? undefined : this.#old.get(key)
    return this.#young.get(key) ?? (this.#old.size === 0 ? undefined : this.#old.get(key))
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  delete(key: string): void {
    if (this.#young.size > 0) this.#young.delete(key)
    if (this.#old.size > 0) this.#old.delete(key)
  }
}
