import type { Entry, Version } from '../../src/store/store.js'
import type { Kept } from './kept.js'
import type { TagState } from './tag-table.js'

/** What an entry depends on, in lists that go together: one object for all entries without tags. */
export interface Pairs {
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  /** One per tag. */
  readonly states: readonly TagState[]
  /** The count of changes at which all pairs were found to match; negative before the first look. */
  matchedAt: number
}

const NONE: readonly never[] = Object.freeze([])
const NO_PAIRS: Pairs = { tags: NONE, versions: NONE, states: NONE, matchedAt: -1 }

/** An entry as the memory store keeps it: the engine's, with the store's own notes beside the value. */
export interface MemoryEntry extends Entry, Kept {
  readonly pairs: Pairs
}

/** The smallest form that holds the entry exactly. */
export function memoryEntry(key: string, entry: Entry, states: readonly TagState[]): MemoryEntry {
  const { tags, versions } = entry
  const pairs = states.length === 0 ? NO_PAIRS : { tags, versions, states, matchedAt: -1 }
  return isCompact(entry) ? new CompactEntry(key, entry, pairs) : new WideEntry(key, entry, pairs)
}

/** Whether every pair matches the version that is known now. */
export function pairsMatch({ states, versions }: Pairs): boolean {
  for (let i = 0; i < states.length; i++) {
    if (states[i]!.version !== versions[i]) return false
  }
  return true
}

// V8 keeps a whole number of 32 bits in the field itself, and any other in an object of its own, 16 bytes more each. So a
// moment is kept as a distance, and one that needs more bits in two parts.

const SPAN = 2 ** 31
/** Moments are counted from 25 days before this module was loaded, for what other processes have loaded. */
const ORIGIN = Math.floor(Date.now()) - SPAN
/** How often the 25 days fit into what is kept of a moment: until half a year after. */
const SPANS = 8
/** Lengths are kept from the lowest number on: 49 days at most, or forever. */
const SHORTEST = -SPAN
const FOREVER = SPAN - 1

const COPIED = 1
const PRIVATE = 2
const SPAN_SHIFT = 2
const BYTES_SHIFT = 5

/** When an entry ends, ms after its load, where fresh, stale and check are not one moment. */
interface Ends {
  readonly fresh: number
  readonly stale: number
  readonly check: number
}

/** Entries that follow each other mostly have the same, in one object then. */
let lastEnds: Ends = { fresh: 0, stale: 0, check: 0 }

function isCompact({ loadedAt, freshUntil, staleUntil, checkAt, bytes }: Entry): boolean {
  return (
    isWholeBelow(loadedAt - ORIGIN, SPAN * SPANS) &&
    isWholeBelow(bytes, SPAN >>> BYTES_SHIFT) &&
    isLength(freshUntil - loadedAt) &&
    (staleUntil === freshUntil || isLength(staleUntil - loadedAt)) &&
    (checkAt === freshUntil || isLength(checkAt - loadedAt))
  )
}

function isWholeBelow(number: number, bound: number): boolean {
  return number >= 0 && number < bound && Number.isInteger(number)
}

function isLength(ms: number): boolean {
  return ms === Infinity || isWholeBelow(ms, FOREVER - SHORTEST)
}

/** All three lengths in one number, or an object. */
function endsOf({ loadedAt, freshUntil, staleUntil, checkAt }: Entry): number | Ends {
  const fresh = freshUntil - loadedAt
  if (staleUntil === freshUntil && checkAt === freshUntil) {
    return fresh === Infinity ? FOREVER : fresh + SHORTEST
  }
  const stale = staleUntil - loadedAt
  const check = checkAt - loadedAt
  if (lastEnds.fresh !== fresh || lastEnds.stale !== stale || lastEnds.check !== check) {
    lastEnds = { fresh, stale, check }
  }
  return lastEnds
}

function lengthOf(ends: number): number {
  return ends === FOREVER ? Infinity : ends - SHORTEST
}

class CompactEntry implements MemoryEntry {
  readonly key: string
  readonly value: unknown
  answer: Promise<unknown> | undefined = undefined
  readonly pairs: Pairs
  /** When it was loaded, within its span. */
  readonly #within: number
  /** The weight, the span, and two flags. */
  readonly #packed: number
  readonly #ends: number | Ends

  constructor(key: string, entry: Entry, pairs: Pairs) {
    const since = entry.loadedAt - ORIGIN
    const span = Math.floor(since / SPAN)
    this.key = key
    this.value = entry.value
    this.pairs = pairs
    this.#within = since - span * SPAN
    this.#packed =
      (entry.bytes << BYTES_SHIFT) +
      (span << SPAN_SHIFT) +
      (entry.copied ? COPIED : 0) +
      (entry.private ? PRIVATE : 0)
    this.#ends = endsOf(entry)
  }

  get loadedAt(): number {
    return ORIGIN + ((this.#packed >> SPAN_SHIFT) & (SPANS - 1)) * SPAN + this.#within
  }

  get freshUntil(): number {
    const ends = this.#ends
    return this.loadedAt + (typeof ends === 'number' ? lengthOf(ends) : ends.fresh)
  }

  get staleUntil(): number {
    const ends = this.#ends
    return this.loadedAt + (typeof ends === 'number' ? lengthOf(ends) : ends.stale)
  }

  get checkAt(): number {
    const ends = this.#ends
    return this.loadedAt + (typeof ends === 'number' ? lengthOf(ends) : ends.check)
  }

  get copied(): boolean {
    return (this.#packed & COPIED) !== 0
  }

  get private(): boolean {
    return (this.#packed & PRIVATE) !== 0
  }

  get bytes(): number {
    return this.#packed >> BYTES_SHIFT
  }

  get tags(): readonly string[] {
    return this.pairs.tags
  }

  get versions(): readonly Version[] {
    return this.pairs.versions
  }
}

class WideEntry implements MemoryEntry {
  readonly key: string
  readonly value: unknown
  answer: Promise<unknown> | undefined = undefined
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly checkAt: number
  readonly bytes: number
  readonly copied: boolean
  readonly private: boolean
  readonly pairs: Pairs

  constructor(key: string, entry: Entry, pairs: Pairs) {
    this.key = key
    this.value = entry.value
    this.loadedAt = entry.loadedAt
    this.freshUntil = entry.freshUntil
    this.staleUntil = entry.staleUntil
    this.checkAt = entry.checkAt
    this.bytes = entry.bytes
    this.copied = entry.copied
    this.private = entry.private
    this.pairs = pairs
  }

  get tags(): readonly string[] {
    return this.pairs.tags
  }

  get versions(): readonly Version[] {
    return this.pairs.versions
  }
}
