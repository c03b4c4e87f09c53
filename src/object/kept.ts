import type { PartVersion } from './types.js'

/** What an object's entry holds beside the object: per part, in the order of the definition's names. */
export interface PartState {
  /** Fresh before this moment, ms since the epoch. */
  readonly until: number
  readonly version?: PartVersion
  /** Tags the part's load inherited or named. */
  readonly tags: readonly string[]
  /** The part is optional and could not be loaded. */
  readonly gap?: true
}

/** The value of an object's entry. `object` is handed to callers as it is. */
export interface KeptObject {
  readonly object: Readonly<Record<string, unknown>>
  readonly parts: Readonly<Record<string, PartState>>
}

/** Guards against an entry that something else wrote under the object's key. */
export function isKeptObject(value: unknown): value is KeptObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as KeptObject).object === 'object' &&
    typeof (value as KeptObject).parts === 'object'
  )
}
