import type { Entry, Version } from '../../src/store/store.js'
import type { Kept } from './kept.js'
import type { TagState } from './tag-table.js'

const NO_TAGS: readonly never[] = Object.freeze([])

/** An entry as the memory store keeps it: one object of fixed shape, with the store's own notes beside the value. */
export class MemoryEntry implements Entry, Kept {
  readonly key: string
  readonly value: unknown
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly checkAt: number
  readonly copied: boolean
  readonly private: boolean
  readonly bytes: number
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
  slot = -1
  /** The count of changes at which all its pairs were found to match; negative before the first look. */
  matchedAt = -1
  /** One per tag. */
  readonly states: readonly TagState[]

  constructor(key: string, entry: Entry, states: readonly TagState[]) {
    const isTagged = states.length > 0
    this.key = key
    this.value = entry.value
    this.loadedAt = entry.loadedAt
    this.freshUntil = entry.freshUntil
    this.staleUntil = entry.staleUntil
    this.checkAt = entry.checkAt
    this.copied = entry.copied
    this.private = entry.private
    this.bytes = entry.bytes
    this.tags = isTagged ? entry.tags : NO_TAGS
    this.versions = isTagged ? entry.versions : NO_TAGS
    this.states = isTagged ? states : NO_TAGS
  }

  /** Whether every pair matches the version that is known now. */
  matches(): boolean {
    const { states, versions } = this
    for (let i = 0; i < states.length; i++) {
      if (states[i]!.version !== versions[i]) return false
    }
    return true
  }
}
