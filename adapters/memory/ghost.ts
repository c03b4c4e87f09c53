const WAYS = 8
const MIN_LENGTH = 128
const TICKS_PER_LIFE_LOG2 = 14

/**
 * Remembers which keys were evicted lately, at 4 to 8 bytes per key: 16 bits of the key's hash and 16 bits of when.
 *
 * A table of buckets, as in the S3-FIFO paper (Yang et al., SOSP '23, section 4.2.2): the hash chooses a bucket of eight
 * cells, which one cache line holds; a cell counts while it is younger than `life` evictions, and a new key takes the oldest.
 * Nothing is ever taken out for being old. One look-up in some thousands takes one key for another, which costs a place in the
 * main queue and nothing else.
 */
export class Ghost {
  #cells = new Uint32Array(MIN_LENGTH)
  #evictions = 0
  #shift = 0

  /** Notes an eviction, from a map of `entries` entries. */
  add(hash: number, entries: number): void {
    if (entries > this.#cells.length) this.#reset(entries)
    this.#evictions++
    const tick = this.#tick()
    const cells = this.#cells
    const bucket = this.#bucket(hash)
    const print = fingerprint(hash)
    let oldest = bucket
    let oldestAge = -1
    for (let cell = bucket; cell < bucket + WAYS; cell++) {
      const content = cells[cell]!
      if (content === 0 || content >>> 16 === print) {
        oldest = cell
        break
      }
      const age = (tick - content) & 0xffff
      if (age > oldestAge) {
        oldestAge = age
        oldest = cell
      }
    }
    cells[oldest] = ((print << 16) | tick) >>> 0
  }

  /** Whether the key was among the last `life` evictions; forgets it if so. */
  take(hash: number, life: number): boolean {
    const tick = this.#tick()
    const span = life >>> this.#shift
    const cells = this.#cells
    const bucket = this.#bucket(hash)
    const print = fingerprint(hash)
    for (let cell = bucket; cell < bucket + WAYS; cell++) {
      const content = cells[cell]!
      if (content >>> 16 !== print) continue
      cells[cell] = 0
      return ((tick - content) & 0xffff) <= span
    }
    return false
  }

  #bucket(hash: number): number {
    return hash & (this.#cells.length - 1) & -WAYS
  }

  /** Time in units small against a life, so that 16 bits last for four lives. */
  #tick(): number {
    return (this.#evictions >>> this.#shift) & 0xffff
  }

  #reset(entries: number): void {
    const bits = 32 - Math.clz32(entries - 1)
    this.#cells = new Uint32Array(2 ** bits)
    this.#shift = Math.max(0, bits - TICKS_PER_LIFE_LOG2)
  }
}

/** Mixed once more, because the bucket took bits of the hash already. Never 0, which stands for an empty cell. */
function fingerprint(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 16 || 1
}

/** FNV-1a over UTF-16 code units with the finish of MurmurHash3, whose high and low halves serve apart: 32 bits. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5
  // Once texts of several kinds have come by (joined, flat, parts of others), V8 looks `length` and `charCodeAt` up at each use.
  const { length } = key
  for (let i = 0; i < length; i++)
    hash = Math.imul(hash ^ String.prototype.charCodeAt.call(key, i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
