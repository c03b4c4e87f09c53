import type { Judged } from '../store/envelope.js'
import { remoteName } from '../store/names.js'
import type { Found, KeyState, ReadResult, Unavailable, Version } from '../store/store.js'
import { report, type Core, type Remote } from './core.js'

/** A valid entry of a remote store, not yet decoded. Fresh or stale, never expired. */
export interface Seen {
  readonly judged: Judged
  readonly found: Found
  readonly remote: Remote
}

/** What reading keys from the remote stores gave. */
export interface LookupResult {
  /** One per key. */
  readonly seen: readonly (Seen | undefined)[]
  /**
   * One per key: a bit per place of a remote store that could not be asked about it or its tags. A load that follows does
   * not ask there again: a caller waits for one deadline, not for one per step.
   */
  readonly unreached: readonly number[]
  /** Every tag version that was read on the way; undefined where the record is missing. */
  readonly versions: ReadonlyMap<string, Version | undefined>
}

export function isUnavailable(value: unknown): value is Unavailable {
  return typeof value === 'object' && value !== null && 'unavailable' in value
}

/**
 * Reads keys from the remote stores, nearest first; a key found usable in one is not asked of the next.
 *
 * `tags` are those expected on the entries: their records come in the same command as the entries. An entry with other tags
 * costs one more round trip, and its tags are remembered for the next time.
 */
export async function lookup(
  core: Core,
  keys: readonly string[],
  tags: readonly string[],
): Promise<LookupResult> {
  const versions = new Map<string, Version | undefined>()
  const seen: (Seen | undefined)[] = Array.from({ length: keys.length }, () => undefined)
  const unreached = keys.map(() => 0)
  const miss = (index: number, place: number): void => {
    unreached[index]! |= 1 << place
  }
  const names = keys.map(nameOf)
  const expectedNames = tags.map(nameOf)
  let open = keys.map((_, index) => index)
  for (const remote of core.remotes) {
    if (open.length === 0) break
    const expected = remote.place === 0 ? tags : NONE
    let result: ReadResult
    try {
      result = await remote.store.read(
        open.length === names.length ? names : open.map((index) => names[index]!),
        remote.place === 0 ? expectedNames : NONE,
      )
    } catch (error) {
      report(core, error, 'read', {
        tier: remote.name,
        ...(keys.length === 1 ? { key: keys[0]! } : {}),
      })
      for (const index of open) miss(index, remote.place)
      continue
    }
    noteVersions(core, versions, expected, result.versions)
    const now = core.clock.now()
    const candidates: { readonly index: number; readonly seen: Seen }[] = []
    for (let at = 0; at < open.length; at++) {
      const index = open[at]!
      const state = result.keys[at]!
      if (isUnavailable(state)) {
        report(core, state.unavailable, 'read', { key: keys[index]!, tier: remote.name })
        miss(index, remote.place)
        continue
      }
      const judged = judge(core, remote, keys[index]!, state, names[index], now)
      if (judged) candidates.push({ index, seen: { judged, found: state.found!, remote } })
    }
    await learnTags(
      core,
      versions,
      candidates.map((candidate) => candidate.seen.judged),
    )
    // Without a record nothing can be kept that depends on it, so there is no use in a lease.
    if (keys.length === 1 && expected.some((tag) => !versions.has(tag))) miss(0, 0)
    for (const { index, seen: found } of candidates) {
      if (found.judged.tags.some((tag) => !versions.has(tag))) miss(index, 0)
      if (!tagsHold(core, versions, found.judged)) continue
      seen[index] = found
      rememberTags(core, keys[index]!, found.judged.tags)
    }
    open = open.filter((index) => seen[index] === undefined)
  }
  return { seen, versions, unreached }
}

const NONE: readonly string[] = []

/** What reading one key gave: see `LookupResult`. */
export interface LookupOfOne {
  readonly seen: Seen | undefined
  readonly unreached: number
}

/**
 * As `lookup` for one key: most of what is read, and on one remote store, where there is no need to keep lists and maps of
 * what there is one of. 100 callers in flight spend two thirds of the time.
 */
export async function lookupOne(
  core: Core,
  key: string,
  tags: readonly string[],
): Promise<LookupOfOne> {
  if (core.remotes.length > 1) {
    const { seen, unreached } = await lookup(core, [key], tags)
    return { seen: seen[0], unreached: unreached[0]! }
  }
  const remote = core.remotes[0]!
  const { name } = remoteName(key)
  let result: ReadResult
  try {
    result = await remote.store.read([name], tags.length === 0 ? NONE : tags.map(nameOf))
  } catch (error) {
    report(core, error, 'read', { tier: remote.name, key })
    return { seen: undefined, unreached: 1 }
  }
  return judgeOne(core, remote, key, tags, result)
}

/** What an answer says of the one key it is about, read with the versions of `tags`. */
export function judgeOne(
  core: Core,
  remote: Remote,
  key: string,
  tags: readonly string[],
  result: ReadResult,
): LookupOfOne | Promise<LookupOfOne> {
  const { versions } = result
  const state = result.keys[0]!
  const missed = tags.length === 0 || noteKnown(core, tags, versions) ? 0 : 1
  if (isUnavailable(state)) {
    report(core, state.unavailable, 'read', { key, tier: remote.name })
    return { seen: undefined, unreached: 1 }
  }
  const judged = judge(core, remote, key, state)
  if (judged === undefined) return { seen: undefined, unreached: missed }
  const carried = judged.tags
  for (let index = 0; index < carried.length; index++) {
    const tag = carried[index]!
    const at = tags[index] === tag ? index : tags.indexOf(tag)
    if (at === -1) return withUnexpectedTags(core, key, tags, result, judged)
    if (versions[at] !== judged.versions[index] || remote.journal.blocksTag(tag)) {
      return { seen: undefined, unreached: missed }
    }
  }
  rememberTags(core, key, carried)
  return { seen: { judged, found: state.found!, remote }, unreached: missed }
}

/** The entry carries tags that were not asked for with it: their records are read now. */
async function withUnexpectedTags(
  core: Core,
  key: string,
  tags: readonly string[],
  { keys, versions: read }: ReadResult,
  judged: Judged,
): Promise<LookupOfOne> {
  const versions = new Map<string, Version | undefined>()
  tags.forEach((tag, index) => {
    const version = read[index]
    if (!isUnavailable(version)) versions.set(tag, version)
  })
  await learnTags(core, versions, [judged])
  const isMissed = [...tags, ...judged.tags].some((tag) => !versions.has(tag))
  const unreached = isMissed ? 1 : 0
  if (!tagsHold(core, versions, judged)) return { seen: undefined, unreached }
  rememberTags(core, key, judged.tags)
  const { found } = keys[0] as KeyState
  return { seen: { judged, found: found!, remote: core.remotes[0]! }, unreached }
}

export function nameOf(tag: string): string {
  return remoteName(tag).name
}

/** Keeps what the records said; false when one could not be read. */
export function noteKnown(
  core: Core,
  tags: readonly string[],
  read: readonly (Version | undefined | Unavailable)[],
): boolean {
  let isWhole = true
  for (let index = 0; index < tags.length; index++) {
    const version = read[index]
    if (isUnavailable(version)) {
      isWhole = false
      report(core, version.unavailable, 'read', { tier: core.remotes[0]!.name })
    } else if (version !== undefined && core.known.get(tags[index]!) !== version) {
      core.known.set(tags[index]!, version)
    }
  }
  return isWhole
}

/** Opens an envelope and judges it by everything but its tags: readable, of this namespace's version, not expired, not pending. */
export function judge(
  core: Core,
  remote: Remote,
  key: string,
  state: KeyState,
  name: string = remoteName(key).name,
  now: number = core.clock.now(),
): Judged | undefined {
  const { found, space } = state
  if (found === undefined || space === undefined) return undefined
  if (remote.journal.blocksKey(key)) return undefined
  let judged: Judged
  try {
    judged = core.envelopes.open(found.bytes, name, key)
  } catch (error) {
    report(core, error, 'open', { key, tier: remote.name })
    return undefined
  }
  if (judged.space !== space || judged.staleUntil <= now) return undefined
  return judged
}

/** Reads the records of tags that entries carry and that nobody asked for yet. */
export async function learnTags(
  core: Core,
  versions: Map<string, Version | undefined>,
  entries: readonly Judged[],
): Promise<void> {
  let unknown: Set<string> | undefined
  for (const { tags } of entries) {
    for (const tag of tags) if (!versions.has(tag)) (unknown ??= new Set()).add(tag)
  }
  if (unknown === undefined) return
  const tags = [...unknown]
  const records = core.remotes[0]!
  try {
    const result = await records.store.read(
      [],
      tags.map((tag) => remoteName(tag).name),
    )
    noteVersions(core, versions, tags, result.versions)
  } catch (error) {
    report(core, error, 'read', { tier: records.name })
  }
}

/** True when every pair of the entry equals the record as it was read. */
export function tagsHold(
  core: Core,
  versions: ReadonlyMap<string, Version | undefined>,
  { tags, versions: noted }: Judged,
): boolean {
  const { journal } = core.remotes[0]!
  for (let index = 0; index < tags.length; index++) {
    const tag = tags[index]!
    if (versions.get(tag) !== noted[index] || journal.blocksTag(tag)) return false
  }
  return true
}

/** Keeps what the records said; one that could not be read stays unknown, which matches nothing. */
export function noteVersions(
  core: Core,
  versions: Map<string, Version | undefined>,
  tags: readonly string[],
  read: readonly (Version | undefined | Unavailable)[],
): void {
  tags.forEach((tag, index) => {
    const version = read[index]
    if (isUnavailable(version)) {
      report(core, version.unavailable, 'read', { tier: core.remotes[0]!.name })
      return
    }
    versions.set(tag, version)
    if (version !== undefined) core.known.set(tag, version)
  })
}

let lastRemembered: readonly string[] = NONE

/** Remembers the tags of a key's entry, so that they are read with it the next time. */
export function rememberTags(core: Core, key: string, tags: readonly string[]): void {
  if (tags.length > 0) {
    if (!isSame(core.hints.get(key), tags)) {
      // Many keys in turn have the same tags: they share one list.
      if (!isSame(lastRemembered, tags)) lastRemembered = tags
      core.hints.set(key, lastRemembered)
    }
  } else if (core.hints.size > 0) core.hints.delete(key)
}

/** The tags to expect on a key's entry: the caller's and those of its last load. */
export function expectedTags(core: Core, key: string, tags: readonly string[]): readonly string[] {
  const hinted = core.hints.get(key)
  if (hinted === undefined) return tags
  if (tags.length === 0 || isSame(hinted, tags)) return hinted
  return [...new Set([...tags, ...hinted])]
}

export function isSame(one: readonly string[] | undefined, other: readonly string[]): boolean {
  if (one?.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}
