import type { Trace } from '../lib/traces.ts'

/**
 * The most hits that any cache of `entries` entries could have: Belady's optimum, which evicts what is asked for last
 * again, and needs to know the future (L. A. Belady, 1966).
 */
export function optimum({ keys, unique }: Trace, entries: number): number {
  const nextUse = nextUses(keys, unique)
  /** The next use of each kept key; -1 for those not kept. */
  const kept = new Int32Array(unique).fill(-1)
  const latest = new LatestFirst(keys.length)
  let size = 0
  let hits = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (kept[key]! >= 0) {
      hits++
    } else if (size < entries) {
      size++
    } else {
      evict(kept, latest)
    }
    kept[key] = nextUse[i]!
    latest.push(key, nextUse[i]!)
  }
  return hits
}

/** What is in the heap may be out of date: only the last next use of a key counts. */
function evict(kept: Int32Array, latest: LatestFirst): void {
  for (;;) {
    const [key, use] = latest.pop()
    if (kept[key] !== use) continue
    kept[key] = -1
    return
  }
}

function nextUses(keys: Int32Array, unique: number): Int32Array {
  const next = new Int32Array(keys.length)
  const seen = new Int32Array(unique).fill(keys.length)
  for (let i = keys.length - 1; i >= 0; i--) {
    next[i] = seen[keys[i]!]!
    seen[keys[i]!] = i
  }
  return next
}

/** A binary heap of keys by next use, the latest on top. */
class LatestFirst {
  readonly #keys: Int32Array
  readonly #uses: Int32Array
  #size = 0

  constructor(most: number) {
    this.#keys = new Int32Array(most)
    this.#uses = new Int32Array(most)
  }

  push(key: number, use: number): void {
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#uses[parent]! >= use) break
      this.#place(at, this.#keys[parent]!, this.#uses[parent]!)
      at = parent
    }
    this.#place(at, key, use)
  }

  pop(): [key: number, use: number] {
    const top: [number, number] = [this.#keys[0]!, this.#uses[0]!]
    const size = --this.#size
    const key = this.#keys[size]!
    const use = this.#uses[size]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && this.#uses[child + 1]! > this.#uses[child]!) child++
      if (this.#uses[child]! <= use) break
      this.#place(at, this.#keys[child]!, this.#uses[child]!)
      at = child
    }
    this.#place(at, key, use)
    return top
  }

  #place(at: number, key: number, use: number): void {
    this.#keys[at] = key
    this.#uses[at] = use
  }
}
