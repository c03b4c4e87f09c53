import { CacheError, describe } from '../base/errors.js'
import { remoteName } from '../store/names.js'
import { copyOut } from '../store/value.js'
import type { Judged } from '../store/envelope.js'
import type { Entry, Version } from '../store/store.js'
import { factsOf, dropKeys, invalidateTags, type Receipt } from './change.js'
import { announce, readable, report, type Core, type Remote } from './core.js'
import { createEntry, sealEntry, type Facts } from './entries.js'
import { applyKeys } from './local.js'
import type { Policy } from './options.js'
import { ATTEMPTS_AT_MOST, pauseAfter, stand, type Standing, tooBusy } from './standing.js'

/**
 * Changes that depend on what is there: `add`, `increment`, `touch`, `expire`. Each replaces exactly the entry it has
 * read (compare and set), and reads again when another was faster.
 */

function isFresh(core: Core, judged: Judged | Entry | undefined): boolean {
  return judged !== undefined && core.clock.now() < judged.freshUntil
}

function announcement(core: Core, remote: Remote, key: string): string | undefined {
  return core.announces && remote.place === 0 ? announce(core.origin, { k: [key] }) : undefined
}

/** After the nearest store was changed by compare and set: what is farther and what is in memory is older, and goes. */
async function settleOthers(core: Core, key: string): Promise<void> {
  if (core.remotes.length > 1 || core.busJournal !== undefined) await dropBehind(core, key)
  applyKeys(core, [key])
}

async function dropBehind(core: Core, key: string): Promise<void> {
  for (const { store, journal, name } of core.remotes.slice(1).toReversed()) {
    try {
      const [outcome] = await store.drop([remoteName(key).name], undefined)
      if (outcome !== undefined) throw outcome
    } catch (error) {
      report(core, error, 'delete', { key, tier: name })
      journal.addKeys([key])
    }
  }
  if (core.busJournal === undefined) return
  try {
    await core.bus!.publish(announce(core.origin, { k: [key] }))
  } catch (error) {
    report(core, error, 'publish')
    core.busJournal.addKeys([key])
  }
}

/** Keeps the value unless a fresh one is there. True when it was kept. */
export async function addValue(
  core: Core,
  key: string,
  value: unknown,
  policy: Policy,
): Promise<boolean> {
  if (policy.ttlMs <= 0) return false
  const records = core.remotes[0]
  if (records === undefined) {
    if (isFresh(core, core.near!.get(key))) return false
    const versions = core.near!.note(policy.tags)
    const entry = createEntry(
      core,
      key,
      value,
      factsOf(core, policy, versions, core.clock.now()),
      undefined,
    )
    applyKeys(core, [key])
    return core.near!.put(key, entry)
  }
  for (let attempt = 0; attempt < ATTEMPTS_AT_MOST; attempt++) {
    const standing = await stand(core, records, key, policy)
    if (isFresh(core, standing.judged)) return false
    const facts = factsOf(
      core,
      policy,
      policy.tags.map((tag) => standing.versions.get(tag) ?? ''),
      core.clock.now(),
    )
    if (await replace(core, records, key, value, facts, standing)) {
      await settleOthers(core, key)
      return true
    }
    await pauseAfter(core, attempt)
  }
  throw tooBusy(key)
}

async function replace(
  core: Core,
  remote: Remote,
  key: string,
  value: unknown,
  facts: Facts,
  { found, space }: Standing,
): Promise<boolean> {
  const { name } = remoteName(key)
  const bytes = await sealEntry(core, key, value, facts, space)
  const write = { key: name, bytes, keepMs: facts.staleUntil - core.clock.now() }
  return remote.store.swap(write, found, announcement(core, remote, key))
}

/** The number after adding `by`; a missing key starts at `initial`. The entry keeps its lifetime and tags. */
export async function incrementValue(
  core: Core,
  key: string,
  by: number,
  initial: number,
  policy: Policy,
): Promise<number> {
  const add = (current: unknown): number =>
    numberOf(key, current === undefined ? initial : current) + by
  return changeValue(core, key, add, policy, (current) => current)
}

/**
 * Replaces a fresh value by what `merge` makes of it, and nothing (undefined) by what it makes of that, with a new lifetime: what
 * others merge at the same time, in any process, is not lost. `merge` may be called several times.
 *
 * @throws {CacheError} `CACHE_STORE_UNAVAILABLE` when the nearest store cannot be reached.
 */
export async function mergeValue<T>(
  core: Core,
  key: string,
  merge: (current: unknown) => T,
  policy: Policy,
): Promise<T> {
  return changeValue(core, key, merge, policy, () => undefined)
}

/** Replaces exactly the value that `change` was given. `keeps` are the times and tags to keep; else they are those of the policy. */
async function changeValue<T>(
  core: Core,
  key: string,
  change: (current: unknown) => T,
  policy: Policy,
  keeps: (current: Facts | undefined) => Facts | undefined,
): Promise<T> {
  const records = core.remotes[0]
  if (records === undefined) {
    const entry = core.near!.get(key)
    const current = isFresh(core, entry) ? entry : undefined
    const next = change(current?.value)
    const facts =
      keeps(current) ?? factsOf(core, policy, core.near!.note(policy.tags), core.clock.now())
    applyKeys(core, [key])
    core.near!.put(key, createEntry(core, key, next, facts, undefined))
    return next
  }
  for (let attempt = 0; attempt < ATTEMPTS_AT_MOST; attempt++) {
    const standing = await stand(core, records, key, policy)
    const current = isFresh(core, standing.judged) ? standing.judged : undefined
    const next = change(await current?.decode())
    const facts =
      keeps(current) ??
      factsOf(
        core,
        policy,
        policy.tags.map((tag) => standing.versions.get(tag) ?? ''),
        core.clock.now(),
      )
    if (await replace(core, records, key, next, facts, standing)) {
      await settleOthers(core, key)
      return next
    }
    await pauseAfter(core, attempt)
  }
  throw tooBusy(key)
}

function numberOf(key: string, value: unknown): number {
  if (typeof value === 'number') return value
  throw new CacheError(
    'CACHE_NOT_A_NUMBER',
    `${readable(key)} holds ${describe(value)}, which cannot be incremented`,
    { key: readable(key), received: value },
  )
}

/** How an entry's times change; undefined leaves it as it is. */
type Retime = (times: {
  readonly freshUntil: number
  readonly staleUntil: number
}) => { readonly freshUntil: number; readonly staleUntil: number } | undefined

/** Makes a fresh entry fresh for `ttl` from now. False when none is there. */
export async function touchKey(core: Core, key: string, policy: Policy): Promise<boolean> {
  const now = core.clock.now()
  return retimeEverywhere(core, key, policy, ({ freshUntil }) =>
    now < freshUntil
      ? { freshUntil: now + policy.ttlMs, staleUntil: now + policy.ttlMs + policy.graceMs }
      : undefined,
  )
}

/**
 * Ends the freshness of an entry; it may be served stale for as long as its grace was. Loads that run are overtaken.
 * Where a store cannot be reached, the entry's removal is kept as pending.
 */
export async function expireKey(core: Core, key: string, policy: Policy): Promise<Receipt> {
  const now = core.clock.now()
  try {
    const there = await retimeEverywhere(core, key, policy, ({ freshUntil, staleUntil }) => ({
      freshUntil: Math.min(freshUntil, now),
      staleUntil: Math.min(staleUntil, now + Math.max(0, staleUntil - freshUntil)),
    }))
    if (there) {
      core.counters.invalidations++
      return { pending: false, delivered: Promise.resolve() }
    }
  } catch (error) {
    report(core, error, 'expire', { key })
  }
  return (await dropKeys(core, [key])).receipt
}

async function retimeEverywhere(
  core: Core,
  key: string,
  policy: Policy,
  retime: Retime,
): Promise<boolean> {
  if (core.remotes.length === 0) {
    const entry = core.near!.get(key)
    const times = entry && core.clock.now() < entry.staleUntil ? retime(entry) : undefined
    if (entry === undefined || times === undefined) {
      return false
    }
    applyKeys(core, [key])
    const { value, loadedAt, copied, private: isPrivate, bytes, tags, versions } = entry
    const checkAt = Math.min(entry.checkAt, times.freshUntil)
    const facts = { value, loadedAt, copied, private: isPrivate, bytes, tags, versions }
    return core.near!.put(key, { ...facts, ...times, checkAt })
  }
  let there = false
  for (const remote of core.remotes.toReversed()) {
    if (await retimeAt(core, remote, key, policy, retime)) there = true
  }
  if (there && core.busJournal !== undefined) await dropBehindBus(core, key)
  applyKeys(core, [key])
  return there
}

async function dropBehindBus(core: Core, key: string): Promise<void> {
  try {
    await core.bus!.publish(announce(core.origin, { k: [key] }))
  } catch (error) {
    report(core, error, 'publish')
    core.busJournal!.addKeys([key])
  }
}

async function retimeAt(
  core: Core,
  remote: Remote,
  key: string,
  policy: Policy,
  retime: Retime,
): Promise<boolean> {
  const { name } = remoteName(key)
  for (let attempt = 0; attempt < ATTEMPTS_AT_MOST; attempt++) {
    const { found, judged } = await stand(core, remote, key, policy)
    const times = judged && retime(judged)
    if (found === undefined || times === undefined) return false
    const bytes = core.envelopes.retime(found.bytes, times)
    const write = { key: name, bytes, keepMs: times.staleUntil - core.clock.now() }
    if (await remote.store.swap(write, found, announcement(core, remote, key))) return true
    await pauseAfter(core, attempt)
  }
  throw tooBusy(key)
}

/** How an update of a kept value ended. */
export type Updated =
  /** The new value is kept. */
  | 'kept'
  /** Nothing usable was there to change. */
  | 'absent'
  /** `change` returned undefined: what is there is left as it is. */
  | 'left'
  /** Somebody else changed or loaded it meanwhile: what is there now is left to them. */
  | 'conflict'

/**
 * Replaces a kept value by one made from it, and makes everything that carries one of `renew` unusable, except the new value,
 * which carries their new versions. Loads that run are overtaken. The entry keeps its lifetime; `times` may shorten it.
 *
 * First the tags are invalidated, then exactly what was read is replaced: a reader between the two finds nothing and loads, and
 * then the replacement finds something else and leaves it.
 */
export async function updateValue(
  core: Core,
  key: string,
  change: (current: unknown) => unknown,
  renew: readonly string[],
): Promise<Updated> {
  const { policy } = core.settings
  const records = core.remotes[0]
  if (records === undefined) {
    const entry = core.near!.get(key)
    if (entry === undefined || core.clock.now() >= entry.staleUntil) {
      applyKeys(core, [key])
      await invalidateTags(core, renew)
      return 'absent'
    }
    const next = change(copyOut(entry.value))
    if (next === undefined) return 'left'
    applyKeys(core, [key])
    await invalidateTags(core, renew)
    const versions = core.near!.note(renew)
    if (core.near!.peek(key) !== undefined) return 'conflict'
    core.near!.put(key, createEntry(core, key, next, renewed(entry, renew, versions), undefined))
    return 'kept'
  }
  const standing = await stand(core, records, key, policy)
  if (standing.judged === undefined) {
    await dropKeys(core, [key])
    await invalidateTags(core, renew)
    return 'absent'
  }
  const next = change(await standing.judged.decode())
  if (next === undefined) return 'left'
  const receipt = await invalidateTags(core, renew)
  const versions = renew.map((tag) => core.known.get(tag) ?? '')
  const facts = renewed(standing.judged, renew, versions)
  if (!receipt.pending && (await replace(core, records, key, next, facts, standing))) {
    await settleOthers(core, key)
    return 'kept'
  }
  applyKeys(core, [key])
  return 'conflict'
}

/** The same facts with new versions for some tags. */
function renewed(facts: Facts, tags: readonly string[], versions: readonly Version[]): Facts {
  const pairs = new Map(facts.tags.map((tag, index) => [tag, facts.versions[index]!]))
  tags.forEach((tag, index) => pairs.set(tag, versions[index]!))
  return {
    loadedAt: facts.loadedAt,
    freshUntil: facts.freshUntil,
    staleUntil: facts.staleUntil,
    private: facts.private,
    tags: [...pairs.keys()],
    versions: [...pairs.values()],
  }
}
