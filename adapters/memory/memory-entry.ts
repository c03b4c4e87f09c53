import type { Entry, Version } from '../../src/store/store.js'
import type { Kept } from './kept.js'
import type { TagState } from './tag-table.js'

/** What an entry depends on: one object for the three lists, and one for all entries without tags. */
interface Pairs {
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  /** One per tag. */
  readonly states: readonly TagState[]
}

const NO_PAIRS: Pairs = Object.freeze({
  tags: Object.freeze([]),
  versions: Object.freeze([]),
  states: Object.freeze([]),
})

/** An entry as the memory store keeps it: the engine's, with the store's own notes beside the value. */
export interface MemoryEntry extends Entry, Kept {
  /** The count of changes at which all its pairs were found to match; negative before the first look. */
  matchedAt: number
  readonly states: readonly TagState[]
}

/** The smallest form that holds the entry exactly. */
export function memoryEntry(key: string, entry: Entry, states: readonly TagState[]): MemoryEntry {
  const pairs =
    states.length === 0 ? NO_PAIRS : { tags: entry.tags, versions: entry.versions, states }
  return isCompact(entry) ? new CompactEntry(key, entry, pairs) : new WideEntry(key, entry, pairs)
}

/** Whether every pair matches the version that is known now. */
export function pairsMatch({ states, versions }: MemoryEntry): boolean {
  for (let i = 0; i < states.length; i++) {
    if (states[i]!.version !== versions[i]) return false
  }
  return true
}

/**
 * V8 keeps whole numbers below 2^30 in the field itself, and any other in an object of its own, 16 bytes more each. So
 * moments are kept as distances: twelve days at most, or forever.
 */
const FAR = 2 ** 30 - 1
const FOREVER = FAR
/** Moments are counted from when this module was loaded. */
const ORIGIN = Math.floor(Date.now())
const COPIED = 1
const PRIVATE = 2

function isCompact({ loadedAt, freshUntil, staleUntil, checkAt, bytes }: Entry): boolean {
  return (
    isNear(loadedAt - ORIGIN) &&
    isDistance(freshUntil - loadedAt) &&
    isDistance(staleUntil - loadedAt) &&
    isDistance(checkAt - loadedAt) &&
    isNear(bytes) &&
    isNear(bytes * 4)
  )
}

function isNear(distance: number): boolean {
  return distance === (distance | 0) && distance < FAR && distance > -FAR
}

function isDistance(distance: number): boolean {
  return distance === Infinity || isNear(distance)
}

class CompactEntry implements MemoryEntry {
  readonly key: string
  readonly value: unknown
  slot = -1
  matchedAt = -1
  answer: Promise<unknown> | undefined = undefined
  readonly #loaded: number
  readonly #fresh: number
  readonly #stale: number
  readonly #check: number
  /** Four times the weight, and two flags. */
  readonly #packed: number
  readonly #pairs: Pairs

  constructor(key: string, entry: Entry, pairs: Pairs) {
    const { loadedAt } = entry
    this.key = key
    this.value = entry.value
    this.#loaded = loadedAt - ORIGIN
    this.#fresh = Math.min(entry.freshUntil - loadedAt, FOREVER)
    this.#stale = Math.min(entry.staleUntil - loadedAt, FOREVER)
    this.#check = Math.min(entry.checkAt - loadedAt, FOREVER)
    this.#packed = entry.bytes * 4 + (entry.copied ? COPIED : 0) + (entry.private ? PRIVATE : 0)
    this.#pairs = pairs
  }

  get loadedAt(): number {
    return ORIGIN + this.#loaded
  }

  get freshUntil(): number {
    return this.#moment(this.#fresh)
  }

  get staleUntil(): number {
    return this.#moment(this.#stale)
  }

  get checkAt(): number {
    return this.#moment(this.#check)
  }

  get copied(): boolean {
    return (this.#packed & COPIED) !== 0
  }

  get private(): boolean {
    return (this.#packed & PRIVATE) !== 0
  }

  get bytes(): number {
    return this.#packed >> 2
  }

  get tags(): readonly string[] {
    return this.#pairs.tags
  }

  get versions(): readonly Version[] {
    return this.#pairs.versions
  }

  get states(): readonly TagState[] {
    return this.#pairs.states
  }

  #moment(distance: number): number {
    return distance === FOREVER ? Infinity : ORIGIN + this.#loaded + distance
  }
}

class WideEntry implements MemoryEntry {
  readonly key: string
  readonly value: unknown
  slot = -1
  matchedAt = -1
  answer: Promise<unknown> | undefined = undefined
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly checkAt: number
  readonly bytes: number
  readonly copied: boolean
  readonly private: boolean
  readonly #pairs: Pairs

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
    this.#pairs = pairs
  }

  get tags(): readonly string[] {
    return this.#pairs.tags
  }

  get versions(): readonly Version[] {
    return this.#pairs.versions
  }

  get states(): readonly TagState[] {
    return this.#pairs.states
  }
}
