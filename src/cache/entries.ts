import { admit, adopt, copyOut } from '../store/value.js'
import { adoptPlain } from '../store/value-plain.js'
import { remoteName } from '../store/names.js'
import type { Entry, Version } from '../store/store.js'
import type { Core } from './core.js'

/** From when a value is and until when it is of use, ms since the epoch. */
export interface Times {
  /** When the load that made it began. */
  readonly loadedAt: number
  /** Fresh before this moment. */
  readonly freshUntil: number
  readonly staleUntil: number
}

/** What is known of a value, wherever it is: about to be kept, kept, or handed out. */
export interface Facts extends Times {
  readonly private: boolean
  readonly tags: readonly string[]
  readonly versions: readonly Version[]
}

/**
 * An entry for process memory. Where memory has remote stores behind it and no bus to hear of changes, its times
 * end early (`memoryTtl`).
 *
 * `holders`: who else may hold the value. With `'others'` it is copied before it is kept; with `'nobody'` (it was just
 * decoded) it need not be, and with `'nobody, plain'` (`isPlain`) it is not looked through for what cannot be kept; with
 * `'readers'` nobody changes it, and it is handed out as it is too.
 *
 * @throws {CacheError} `CACHE_VALUE_INVALID` when the value cannot be kept faithfully.
 */
export function createEntry(
  core: Core,
  key: string,
  value: unknown,
  facts: Facts,
  earlyRefresh: number | undefined,
  holders: 'others' | 'nobody' | 'nobody, plain' | 'readers' = 'others',
): Entry {
  const { values: how, codec } = core.settings
  const admitted =
    holders === 'readers'
      ? admit(value, 'share')
      : holders === 'nobody'
        ? adopt(value, how, codec)
        : holders === 'nobody, plain'
          ? adoptPlain(value, how)
          : admit(value, how, codec)
  const bound = core.memoryTtlMs === Infinity ? Infinity : core.clock.now() + core.memoryTtlMs
  const freshUntil = Math.min(facts.freshUntil, bound)
  return {
    value: admitted.value,
    loadedAt: facts.loadedAt,
    freshUntil,
    staleUntil: Math.min(facts.staleUntil, bound),
    checkAt: Math.min(freshUntil, refreshAt(core, facts, earlyRefresh)),
    copied: admitted.copied,
    private: facts.private,
    bytes: admitted.bytes + key.length,
    tags: facts.tags,
    versions: facts.versions,
  }
}

/**
 * When this process refreshes an entry ahead of its end: at a moment of its own between the fraction and the end, so
 * that processes do not refresh together. The moment is the same at every read of one entry, so that many reads do not
 * draw it nearer.
 */
export function refreshAt(core: Core, times: Times, earlyRefresh: number | undefined): number {
  if (earlyRefresh === undefined) return times.freshUntil
  const ttl = times.freshUntil - times.loadedAt
  if (ttl === Infinity || ttl <= 0) return times.freshUntil
  const draw = (core.phase + ((times.loadedAt * 0.618_033_988_75) % 1)) % 1
  // Whole milliseconds, which memory keeps in less room.
  return times.loadedAt + Math.floor(ttl * (earlyRefresh + (1 - earlyRefresh) * draw))
}

/** The value of an entry for one caller. */
export function handOut(entry: Entry): unknown {
  return entry.copied ? copyOut(entry.value) : entry.value
}

/** An entry as bytes, for a remote store whose version of the namespace is `space`. `delta`: how long its load took, ms. */
export function sealEntry(
  core: Core,
  key: string,
  value: unknown,
  facts: Facts,
  space: Version,
  delta = 0,
): Buffer | Promise<Buffer> {
  const { name, digested } = remoteName(key)
  const { loadedAt, freshUntil, staleUntil, tags, versions } = facts
  return core.envelopes.seal({
    key,
    name,
    digested,
    value,
    loadedAt,
    freshUntil,
    staleUntil,
    private: facts.private,
    space,
    tags,
    versions,
    delta,
  })
}
