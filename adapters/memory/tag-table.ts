import type { Random } from '../../src/base/random.js'
import type { Version } from '../../src/store/store.js'

/**
 * What is known of one tag. An entry holds the states of its tags, so that checking a pair is comparing two strings.
 * A state that has left the table has no version, and matches nothing for good.
 */
export interface TagState {
  readonly tag: string
  version: Version | undefined
  /** Number of kept entries that hold this state. */
  carriers: number
  /** Asked for since the hand came by. */
  recent: boolean
  /** Its place in the ring; negative once it was forgotten. */
  place: number
}

/** Tags that no entry carries stay for the loads that noted them, about this many. */
const MAX_IDLE = 5_000
/** How far the hand goes for one new tag. */
const MAX_LOOKS = 16

const NONE: readonly TagState[] = Object.freeze([])

/**
 * The versions of tags.
 *
 * Bounded twice: some thousand tags that no entry carries, and `maxTags` in all. For a new tag beyond either, a hand goes
 * round (the clock of page replacement) and forgets the first tag that nobody carries or has asked for lately. Only at
 * `maxTags` it may have to be one that entries carry, which makes them invalid.
 */
export class TagTable {
  readonly #maxTags: number
  readonly #random: Random
  #states = new Map<string, TagState>()
  #ring: TagState[] = []
  #hand = 0
  #carried = 0
  #epoch = 0
  #invalidations = 0

  constructor(maxTags: number, random: Random) {
    this.#maxTags = maxTags
    this.#random = random
  }

  /** Moves whenever a pair that matched may not match any more. */
  get epoch(): number {
    return this.#epoch
  }

  /** Number of calls of `invalidate` and `clear`. */
  get invalidations(): number {
    return this.#invalidations
  }

  /** Number of tags known. */
  get size(): number {
    return this.#ring.length
  }

  /** The state of a tag, with a new version where there was none. */
  note(tag: string): TagState {
    return this.#find(tag) ?? this.#add(tag, this.#random.token())
  }

  /** As `note`, taking over `version` where there was none. */
  adopt(tag: string, version: Version): TagState {
    return this.#find(tag) ?? this.#add(tag, version)
  }

  /**
   * The states of an entry's tags if each pair matches. A tag that is not known matches when it `mayAdopt`, and is known then.
   */
  match(
    tags: readonly string[],
    versions: readonly Version[],
    mayAdopt: boolean,
  ): readonly TagState[] | undefined {
    if (tags.length === 0) return NONE
    for (let i = 0; i < tags.length; i++) {
      const state = this.#find(tags[i]!)
      if (state === undefined ? !mayAdopt : state.version !== versions[i]) return undefined
    }
    const states = tags.map((tag, i) => this.adopt(tag, versions[i]!))
    return states.every((state, i) => state.version === versions[i]) ? states : undefined
  }

  /** What a remote store said is the truth; an undefined version matches nothing. */
  learn(tags: readonly string[], versions: readonly (Version | undefined)[]): void {
    for (let i = 0; i < tags.length; i++) {
      const state = this.#find(tags[i]!)
      const version = versions[i]
      if (version === undefined) {
        if (state !== undefined) this.#forget(state)
      } else if (state === undefined) {
        this.#add(tags[i]!, version)
      } else if (state.version !== version) {
        state.version = version
        this.#epoch++
      }
    }
  }

  invalidate(tags: readonly string[], versions: readonly Version[]): void {
    this.#epoch++
    this.#invalidations++
    for (let i = 0; i < tags.length; i++) {
      const state = this.#states.get(tags[i]!)
      if (state !== undefined) state.version = versions[i]
    }
  }

  clear(): void {
    this.#epoch++
    this.#invalidations++
    this.#states = new Map()
    this.#ring = []
    this.#hand = 0
    this.#carried = 0
  }

  /** An entry that holds these states is kept. */
  carry(states: readonly TagState[]): void {
    if (states.length === 0) return
    for (const state of states) if (state.carriers++ === 0 && this.#has(state)) this.#carried++
  }

  /** An entry that holds these states is gone. */
  uncarry(states: readonly TagState[]): void {
    if (states.length === 0) return
    for (const state of states) if (--state.carriers === 0 && this.#has(state)) this.#carried--
  }

  #find(tag: string): TagState | undefined {
    const state = this.#states.get(tag)
    if (state !== undefined) state.recent = true
    return state
  }

  /** A state that went with a `clear` has kept its place. */
  #has(state: TagState): boolean {
    return this.#ring[state.place] === state
  }

  #add(tag: string, version: Version): TagState {
    const isFull = this.#ring.length >= this.#maxTags
    if (isFull || this.#ring.length - this.#carried >= MAX_IDLE) this.#makeRoom(isFull)
    const state = { tag, version, carriers: 0, recent: true, place: this.#ring.length }
    this.#states.set(tag, state)
    this.#ring.push(state)
    return state
  }

  /** Forgets a tag that nobody carries or has asked for lately; where the table is full, the next best. */
  #makeRoom(isFull: boolean): void {
    let victim: TagState | undefined
    for (let looks = 0; looks < MAX_LOOKS && looks < this.#ring.length; looks++) {
      if (this.#hand >= this.#ring.length) this.#hand = 0
      const state = this.#ring[this.#hand]!
      if (!state.recent && state.carriers === 0) return this.#forget(state)
      if (victim === undefined || victim.carriers > 0) victim = state
      state.recent = false
      this.#hand++
    }
    if (isFull && victim !== undefined) this.#forget(victim)
  }

  #forget(state: TagState): void {
    this.#states.delete(state.tag)
    const last = this.#ring.pop()!
    if (last !== state) {
      this.#ring[state.place] = last
      last.place = state.place
    }
    if (state.carriers > 0) this.#carried--
    state.version = undefined
    state.place = -1
    this.#epoch++
  }
}
