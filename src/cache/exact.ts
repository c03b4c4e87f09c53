import { CacheError } from '../base/errors.js'
import { remoteName } from '../store/names.js'
import type { Entry, Found, Outcome, Version } from '../store/store.js'
import { readable, report, type Core, type Remote } from './core.js'
import { createEntry, handOut, sealEntry, type Facts, type Times } from './entries.js'
import { useCore } from './first-use.js'
import { applyKeys } from './local.js'
import { isUnavailable, judge } from './lookup.js'
import type { Policy } from './options.js'
import { ATTEMPTS_AT_MOST, pauseAfter, stand, tooBusy } from './standing.js'

/**
 * Entries that are the only copy of something, such as a session: all processes have to see the same one at once, and who
 * changes it has to know what was there.
 *
 * They live in the nearest store that processes share, and nowhere else; process memory holds them only where it is all
 * there is. They are read from there each time and replaced by compare and set. A store that cannot be asked is an error here
 * and not a miss: "it is not there" would be a lie that somebody acts on. They carry no tags, so that they depend on
 * no other server than the one they live on.
 */
export interface Exact extends Times {
  readonly value: unknown
  /** What a replacement has to find again. */
  readonly place: Entry | ExactAt
}

interface ExactAt {
  readonly found: Found
  readonly space: Version
}

/** What is to be there instead: a value with its end, or nothing new. */
export interface Replacement extends Times {
  readonly value: unknown
}

/** Keys asked for in one round trip at most. */
const MOST = 500

/**
 * What is kept under keys, in their order; an entry past its freshness and within its grace counts.
 *
 * @throws {CacheError} as a rejection: `CACHE_STORE_UNAVAILABLE`.
 */
export async function readExact(
  core: Core,
  keys: readonly string[],
): Promise<(Exact | undefined)[]> {
  await useCore(core)
  const remote = core.remotes[0]
  if (remote === undefined) return keys.map((key) => inMemory(core, key))
  const all: (Exact | undefined)[] = []
  for (let at = 0; at < keys.length; at += MOST) {
    all.push(...(await readSome(core, remote, keys.slice(at, at + MOST))))
  }
  return all
}

async function readSome(
  core: Core,
  remote: Remote,
  keys: readonly string[],
): Promise<(Exact | undefined)[]> {
  const names = keys.map((key) => remoteName(key).name)
  const { keys: states } = await remote.store.read(names, [])
  return Promise.all(
    states.map(async (state, index) => {
      if (isUnavailable(state)) throw state.unavailable
      const judged = judge(core, remote, keys[index]!, state, names[index])
      if (judged === undefined) return undefined
      const value = await decoded(core, remote, keys[index]!, judged.decode)
      if (value === undefined) return undefined
      const { loadedAt, freshUntil, staleUntil, space } = judged
      return { value, loadedAt, freshUntil, staleUntil, place: { found: state.found!, space } }
    }),
  )
}

/** A value that cannot be read is not there, and that is told. */
async function decoded(
  core: Core,
  { name }: Remote,
  key: string,
  decode: () => unknown,
): Promise<unknown> {
  try {
    return await decode()
  } catch (error) {
    report(core, error, 'open', { key, tier: name })
    return undefined
  }
}

function inMemory(core: Core, key: string): Exact | undefined {
  const entry = core.near!.get(key)
  if (entry === undefined || core.clock.now() >= entry.staleUntil) return undefined
  const { loadedAt, freshUntil, staleUntil } = entry
  return { value: handOut(entry), loadedAt, freshUntil, staleUntil, place: entry }
}

/**
 * Replaces exactly what was read. False when something else is there by now, or nothing.
 *
 * @throws {CacheError} as a rejection: `CACHE_STORE_UNAVAILABLE`; `CACHE_VALUE_INVALID` for what cannot be kept.
 */
export async function replaceExact(
  core: Core,
  key: string,
  expected: Exact,
  next: Replacement,
): Promise<boolean> {
  await useCore(core)
  const remote = core.remotes[0]
  if (remote === undefined) {
    if (core.near!.get(key) !== expected.place) return false
    putInMemory(core, key, next)
    return true
  }
  const { found, space } = expected.place as ExactAt
  return swapAt(core, remote, key, found, space, next)
}

/** Gives an entry other times, if exactly what was read is there. */
export async function retimeExact(
  core: Core,
  key: string,
  expected: Exact,
  times: Pick<Times, 'freshUntil' | 'staleUntil'>,
): Promise<boolean> {
  const remote = core.remotes[0]
  if (remote === undefined) {
    return replaceExact(core, key, expected, { ...expected, ...times })
  }
  await useCore(core)
  const { found } = expected.place as ExactAt
  const bytes = core.envelopes.retime(found.bytes, times)
  return swapBytes(core, remote, key, found, bytes, times)
}

/**
 * Changes what is kept by a function of what is there, however many others do the same: `change` is called again with what they
 * left. It returns undefined to leave everything as it is; true when something was replaced.
 *
 * @throws {CacheError} as a rejection: `CACHE_STORE_UNAVAILABLE`, also when others were faster 200 times.
 */
export async function changeExact(
  core: Core,
  key: string,
  change: (current: Exact | undefined) => Replacement | undefined,
): Promise<boolean> {
  await useCore(core)
  const remote = core.remotes[0]
  if (remote === undefined) {
    const next = change(inMemory(core, key))
    if (next === undefined) return false
    putInMemory(core, key, next)
    return true
  }
  for (let attempt = 0; attempt < ATTEMPTS_AT_MOST; attempt++) {
    const { found, judged, space } = await stand(core, remote, key, forEver(core))
    const value = judged === undefined ? undefined : await decoded(core, remote, key, judged.decode)
    const current: Exact | undefined =
      judged === undefined || found === undefined || value === undefined
        ? undefined
        : { ...timesOf(judged), value, place: { found, space } }
    const next = change(current)
    if (next === undefined) return false
    if (await swapAt(core, remote, key, found, space, next)) return true
    await pauseAfter(core, attempt)
  }
  throw tooBusy(key)
}

/**
 * Removes keys from where they live.
 *
 * @throws {CacheError} as a rejection: `CACHE_INVALIDATION_PENDING` when the store cannot be reached. They are gone for this process
 * then, and for all others once it is back.
 */
export async function dropExact(core: Core, keys: readonly string[]): Promise<void> {
  await useCore(core)
  const remote = core.remotes[0]
  if (remote === undefined) {
    applyKeys(core, keys)
    return
  }
  let outcomes: readonly Outcome[]
  let failed = keys
  let cause: unknown
  try {
    outcomes = await remote.store.drop(
      keys.map((key) => remoteName(key).name),
      undefined,
    )
    failed = keys.filter((_, index) => outcomes[index] !== undefined)
    cause = outcomes.find((outcome) => outcome !== undefined)
    keys.forEach((key, index) => {
      if (outcomes[index] === undefined) remote.journal.settleKey(key)
    })
  } catch (error) {
    cause = error
  }
  if (failed.length === 0) return
  remote.journal.addKeys(failed)
  report(core, cause, 'delete', { tier: remote.name })
  throw new CacheError(
    'CACHE_INVALIDATION_PENDING',
    `${readable(failed[0]!)} could not be removed from ${remote.name} yet; it will be when the store is back`,
    { key: readable(failed[0]!), cause },
  )
}

function forEver(core: Core): Policy {
  return { ...core.settings.policy, ttlMs: Infinity, tags: [] }
}

function timesOf({ loadedAt, freshUntil, staleUntil }: Times): Times {
  return { loadedAt, freshUntil, staleUntil }
}

function factsOf(times: Times): Facts {
  return { ...timesOf(times), private: true, tags: [], versions: [] }
}

function putInMemory(core: Core, key: string, next: Replacement): void {
  const entry = createEntry(core, key, next.value, factsOf(next), undefined)
  applyKeys(core, [key])
  if (core.near!.put(key, entry)) return
  throw new CacheError('CACHE_VALUE_INVALID', `${readable(key)} does not fit into process memory`, {
    key: readable(key),
  })
}

async function swapAt(
  core: Core,
  remote: Remote,
  key: string,
  found: Found | undefined,
  space: Version,
  next: Replacement,
): Promise<boolean> {
  const bytes = await sealEntry(core, key, next.value, factsOf(next), space)
  return swapBytes(core, remote, key, found, bytes, next)
}

function swapBytes(
  core: Core,
  remote: Remote,
  key: string,
  found: Found | undefined,
  bytes: Buffer,
  { staleUntil }: Pick<Times, 'staleUntil'>,
): Promise<boolean> {
  const write = { key: remoteName(key).name, bytes, keepMs: staleUntil - core.clock.now() }
  return remote.store.swap(write, found, undefined)
}
