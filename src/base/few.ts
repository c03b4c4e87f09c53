/** Up to this many keys are looked for one after the other. */
const FEW = 16

/**
 * A map by text of what is under way: things come and go, and few are there at once.
 *
 * A `Map` makes itself a new table for each few keys that have come and gone, and V8 links an old table to the next: once a
 * full collection has moved one of them to the old generation, each later one survives the young collections until the next full
 * one. So a few keys are kept in two short lists, and a `Map` only while there are more.
 */
export class Few<V> {
  #keys: string[] = []
  #values: V[] = []
  #many: Map<string, V> | undefined

  /** Number of keys. */
  get size(): number {
    return this.#many === undefined ? this.#keys.length : this.#many.size
  }

  get(key: string): V | undefined {
    if (this.#many !== undefined) return this.#many.get(key)
    const at = this.#keys.indexOf(key)
    return at === -1 ? undefined : this.#values[at]
  }

  has(key: string): boolean {
    return this.#many === undefined ? this.#keys.includes(key) : this.#many.has(key)
  }

  set(key: string, value: V): void {
    if (this.#many !== undefined) {
      this.#many.set(key, value)
      return
    }
    const at = this.#keys.indexOf(key)
    if (at !== -1) this.#values[at] = value
    else if (this.#keys.length < FEW) {
      this.#keys.push(key)
      this.#values.push(value)
    } else {
      this.#many = new Map(this.#keys.map((kept, index) => [kept, this.#values[index]!]))
      this.#many.set(key, value)
      this.#keys = []
      this.#values = []
    }
  }

  delete(key: string): boolean {
    if (this.#many !== undefined) {
      if (!this.#many.delete(key)) return false
      if (this.#many.size <= FEW / 2) {
        this.#keys = [...this.#many.keys()]
        this.#values = [...this.#many.values()]
        this.#many = undefined
      }
      return true
    }
    const at = this.#keys.indexOf(key)
    if (at === -1) return false
    // The last takes the place of what goes.
    const lastKey = this.#keys.pop()!
    const lastValue = this.#values.pop()!
    if (at < this.#keys.length) {
      this.#keys[at] = lastKey
      this.#values[at] = lastValue
    }
    return true
  }

  clear(): void {
    this.#keys = []
    this.#values = []
    this.#many = undefined
  }

  /** What is there now, in no particular order: whatever comes or goes meanwhile. */
  values(): V[] {
    return this.#many === undefined ? [...this.#values] : [...this.#many.values()]
  }
}
