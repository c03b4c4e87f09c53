import type { KeyState, Unavailable, Version } from '../../src/store/store.js'

/** What is said of a key, from what was found under its name and under that of its namespace's version. */
export function stateOf(
  bytes: Buffer | null | undefined | Unavailable,
  space: Version | undefined | Unavailable,
): KeyState | Unavailable {
  if (typeof space === 'object') return space
  if (bytes === null || bytes === undefined) return { found: undefined, space }
  return 'unavailable' in bytes ? bytes : { found: { bytes, token: undefined }, space }
}
