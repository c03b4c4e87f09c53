import { CacheError } from '../base/errors.js'
import { EPOCH_NAME, remoteName } from '../store/names.js'
import type { Outcome, ReadResult, Version } from '../store/store.js'
import { announce, readable, report, type Announcement, type Core, type Remote } from './core.js'
import { createEntry, sealEntry, type Facts } from './entries.js'
import { overtake } from './ending.js'
import type { Journal } from './journal.js'
import { applyClear, applyKeys, applyTags } from './local.js'
import { isUnavailable, noteVersions, rememberTags } from './lookup.js'
import type { Policy } from './options.js'

/** What became of an invalidation. */
export interface Receipt {
  /**
   * True when some store or the bus could not be reached. The invalidation holds for this process already; it is kept, and
   * delivered before this process believes that store again.
   */
  readonly pending: boolean
  /** Resolves when everything pending then has been delivered; rejects when the cache is closed first. */
  readonly delivered: Promise<void>
}

const DELIVERED: Receipt = Object.freeze({ pending: false, delivered: Promise.resolve() })

/** What one place does for a change, and what it keeps when that fails. */
interface Change {
  readonly operation: string
  readonly announcement: Omit<Announcement, 'o'>
  at(remote: Remote, announcement: string | undefined): Promise<readonly Outcome[]>
  keep(journal: Journal, outcomes: readonly Outcome[]): void
}

/**
 * Carries a change to every place: the remote stores from the farthest to the nearest, so that nothing old can be read from
 * behind what was changed already; then the other processes; then this process's memory, last, for the same reason.
 */
async function carry(core: Core, change: Change): Promise<readonly Journal[]> {
  const failed: Journal[] = []
  const text = core.bus === undefined ? undefined : announce(core.origin, change.announcement)
  for (const remote of core.remotes.toReversed()) {
    const outcomes = await attempt(
      core,
      remote,
      change,
      remote.place === 0 && core.announces ? text : undefined,
    )
    if (outcomes === undefined) continue
    change.keep(remote.journal, outcomes)
    failed.push(remote.journal)
  }
  if (core.busJournal !== undefined && text !== undefined) {
    try {
      await core.bus!.publish(text)
    } catch (error) {
      report(core, error, 'publish')
      change.keep(core.busJournal, [])
      failed.push(core.busJournal)
    }
  }
  return failed
}

/** The outcomes when any of them failed; undefined when all is well. An empty list means that nothing was reached. */
async function attempt(
  core: Core,
  remote: Remote,
  change: Change,
  text: string | undefined,
): Promise<readonly Outcome[] | undefined> {
  try {
    const outcomes = await change.at(remote, text)
    const error = outcomes.find((outcome) => outcome !== undefined)
    if (error === undefined) return undefined
    report(core, error, change.operation, { tier: remote.name })
    return outcomes
  } catch (error) {
    report(core, error, change.operation, { tier: remote.name })
    return []
  }
}

function receipt(core: Core, failed: readonly Journal[], what: string): Receipt {
  if (failed.length === 0) return DELIVERED
  if (core.settings.onPending === 'reject') {
    throw new CacheError(
      'CACHE_INVALIDATION_PENDING',
      `${what} could not be delivered everywhere yet; it is kept and will be delivered when the store is back`,
    )
  }
  return {
    pending: true,
    get delivered() {
      return Promise.all(failed.map((journal) => journal.delivered())).then(() => {})
    },
  }
}

/** Removes keys everywhere. */
export async function dropKeys(
  core: Core,
  keys: readonly string[],
): Promise<{ readonly receipt: Receipt; readonly existed: readonly boolean[] }> {
  const failed = await carry(core, {
    operation: 'delete',
    announcement: { k: keys },
    at: async (remote, text) => {
      const outcomes = await remote.store.drop(
        keys.map((key) => remoteName(key).name),
        text,
      )
      keys.forEach((key, index) => {
        if (outcomes[index] === undefined) remote.journal.settleKey(key)
      })
      return outcomes
    },
    keep: (journal, outcomes) =>
      journal.addKeys(
        outcomes.length === 0 ? keys : keys.filter((_, index) => outcomes[index] !== undefined),
      ),
  })
  const existed = applyKeys(core, keys)
  tellInvalidated(core, { keys: keys.map(readable) }, failed)
  return { receipt: receipt(core, failed, 'the deletion'), existed }
}

/** Makes everything that carries one of the tags unusable: one small write, whatever the number of entries. */
export async function invalidateTags(core: Core, tags: readonly string[]): Promise<Receipt> {
  if (tags.length === 0) return DELIVERED
  const versions = tags.map(() => core.random.token())
  const records = core.remotes[0]
  const failed = await carry(core, {
    operation: 'invalidate',
    announcement: { t: tags, v: versions },
    at: async (remote, text) => {
      if (remote !== records) return []
      const outcomes = await remote.store.invalidate(
        [EPOCH_NAME, ...tags.map((tag) => remoteName(tag).name)],
        [core.random.token(), ...versions],
        text,
      )
      return outcomes
    },
    keep: (journal, outcomes) => {
      // Without the epoch record, a load might note one of these tags late: then all of them are delivered again.
      const all = outcomes.length === 0 || outcomes[0] !== undefined
      const kept = tags
        .map((_, index) => index)
        .filter((index) => all || outcomes[index + 1] !== undefined)
      journal.addTags(
        kept.map((index) => tags[index]!),
        kept.map((index) => versions[index]!),
      )
    },
  })
  applyTags(core, tags, versions)
  tellInvalidated(core, { tags }, failed)
  for (const follower of core.followers) {
    if (follower.closed) core.followers.delete(follower)
    else await invalidateTags(follower, tags)
  }
  return receipt(core, failed, 'the invalidation')
}

/**
 * Repeats in a cache an invalidation of what it is made from and another in this process keeps, for one who does not wait: memory
 * follows before this returns, and what is remote as soon as it can be reached.
 */
export function repeatInvalidation(core: Core, tags: readonly string[]): void {
  applyTags(
    core,
    tags,
    tags.map(() => core.random.token()),
  )
  if (core.remotes.length > 0 || core.bus !== undefined) {
    invalidateTags(core, tags).catch((error: unknown) => report(core, error, 'invalidate'))
    return
  }
  tellInvalidated(core, { tags }, [])
  for (const follower of core.followers) {
    if (follower.closed) core.followers.delete(follower)
    else repeatInvalidation(follower, tags)
  }
}

/** Makes everything in the namespace unusable, and nothing outside of it. */
export async function clearAll(core: Core): Promise<Receipt> {
  const version = core.random.token()
  const failed = await carry(core, {
    operation: 'clear',
    announcement: { c: 1 },
    at: async (remote, text) => {
      await remote.store.clear(version, text)
      return []
    },
    keep: (journal) => journal.addAll(version),
  })
  applyClear(core)
  tellInvalidated(core, { all: true }, failed)
  return receipt(core, failed, 'the clearing')
}

function tellInvalidated(
  core: Core,
  what: {
    readonly keys?: readonly string[]
    readonly tags?: readonly string[]
    readonly all?: boolean
  },
  failed: readonly Journal[],
): void {
  core.counters.invalidations++
  if (core.events.wants('invalidate')) {
    core.events.emit('invalidate', { ...what, remote: false, pending: failed.length > 0 })
  }
}

/** One value to set. */
export interface Setting {
  readonly key: string
  readonly value: unknown
  readonly policy: Policy
}

/** The first write guesses the versions; when the second, with those just read, is wrong too, something was invalidated meanwhile. */
const WRITES_AT_MOST = 2

/**
 * Sets values in every tier, whatever is there, and overtakes loads of their keys. Where a store cannot be reached the old value
 * may still be there: its removal is kept as pending.
 */
export async function setValues(core: Core, settings: readonly Setting[]): Promise<Receipt> {
  const { near } = core
  const now = core.clock.now()
  const writing = settings.filter(({ policy }) => policy.ttlMs > 0)
  const dropping = settings.filter(({ policy }) => policy.ttlMs <= 0)
  if (core.remotes.length === 0) {
    for (const { key, value, policy } of writing) {
      const versions = near!.note(policy.tags)
      const facts = factsOf(core, policy, versions, now)
      const entry = createEntry(core, key, value, facts, policy.earlyRefresh)
      applyKeys(core, [key])
      near!.put(key, entry)
      tellFilled(core, key, policy)
    }
  }
  const failed = new Set<Journal>()
  if (core.remotes.length > 0 && writing.length > 0) {
    const leases = writing.map(({ key }) =>
      near !== undefined && core.trusted ? near.plant(key) : undefined,
    )
    try {
      const epoch = near?.epoch
      const facts = await writeRemotes(core, writing, now, failed)
      writing.forEach(({ key, value, policy }, index) => {
        const lease = leases[index]
        const load = core.loads.get(key)
        if (load) overtake(core, load)
        core.lookups.delete(key)
        const fact = facts[index]
        if (near === undefined) return
        const usable =
          fact !== undefined && lease?.live === true && core.trusted && near.epoch === epoch
        if (usable) near.learn(lease, fact.tags, fact.versions)
        // The old entry goes first, and with it every other lease; what is put then is the newest this process knows.
        near.drop(key)
        if (usable) near.put(key, createEntry(core, key, value, fact, policy.earlyRefresh))
      })
    } finally {
      if (near)
        writing.forEach(({ key }, index) => leases[index] && near.release(key, leases[index]))
    }
    for (const { key, policy } of writing) tellFilled(core, key, policy)
  }
  if (dropping.length > 0) {
    const dropped = await dropKeys(
      core,
      dropping.map(({ key }) => key),
    )
    if (dropped.receipt.pending) return dropped.receipt
  }
  return receipt(core, [...failed], 'the new value')
}

function tellFilled(core: Core, key: string, { tags }: Policy): void {
  core.counters.fills++
  rememberTags(core, key, tags)
  core.backoffs.delete(key)
  if (core.events.wants('fill')) core.events.emit('fill', { key: readable(key), ms: 0, tags })
}

export function factsOf(
  core: Core,
  policy: Policy,
  versions: readonly Version[],
  now: number,
): Facts {
  const jittered =
    policy.ttlMs * (policy.jitter > 0 ? 1 - policy.jitter * core.random.fraction() : 1)
  const freshUntil = now + jittered
  return {
    loadedAt: now,
    freshUntil,
    staleUntil: freshUntil + policy.graceMs,
    private: policy.private,
    tags: policy.tags,
    versions,
  }
}

/**
 * Writes to every remote store, farthest first. The versions in an envelope have to be known before it is written: they are guessed
 * from what was last seen, read again in the same round trip, and written again when the guess was wrong.
 */
async function writeRemotes(
  core: Core,
  writing: readonly Setting[],
  now: number,
  failed: Set<Journal>,
): Promise<readonly (Facts | undefined)[]> {
  const tags = [...new Set(writing.flatMap(({ policy }) => policy.tags))]
  const versions = new Map<string, Version | undefined>(
    tags.map((tag) => [tag, core.known.get(tag)]),
  )
  const spaces = new Map<string, Version>()
  const facts = writing.map(({ policy }) => factsOf(core, policy, [], now))
  const written = writing.map(() => true)
  const text =
    core.bus === undefined ? undefined : announce(core.origin, { k: writing.map(({ key }) => key) })
  for (const remote of core.remotes.toReversed()) {
    // Farther stores are written with the nearest one's tag versions, so those have to be right first.
    if (remote.place > 0 && tags.length > 0) await readRecords(core, tags, versions)
    for (let round = 1; ; round++) {
      const outcome = await writeOnce(core, remote, writing, {
        facts,
        versions,
        spaces,
        tags,
        text,
      })
      if (outcome === 'again' && round < WRITES_AT_MOST) continue
      if (outcome === 'again') {
        // Overtaken by an invalidation: what was written carries the versions of before, and is not valid.
        written.fill(false)
        break
      }
      const lost = outcome
      if (lost.length > 0) {
        remote.journal.addKeys(lost.map((index) => writing[index]!.key))
        failed.add(remote.journal)
        for (const index of lost) written[index] = false
      }
      break
    }
    spaces.clear()
  }
  if (core.busJournal !== undefined && text !== undefined) {
    try {
      await core.bus!.publish(text)
    } catch (error) {
      report(core, error, 'publish')
      core.busJournal.addKeys(writing.map(({ key }) => key))
      failed.add(core.busJournal)
    }
  }
  return facts.map((fact, index) =>
    written[index]
      ? { ...fact, versions: fact.tags.map((tag) => versions.get(tag) ?? '') }
      : undefined,
  )
}

async function readRecords(
  core: Core,
  tags: readonly string[],
  versions: Map<string, Version | undefined>,
): Promise<void> {
  const records = core.remotes[0]!
  try {
    const read = await records.store.note(
      tags.map((tag) => remoteName(tag).name),
      Infinity,
    )
    noteVersions(core, versions, tags, read)
  } catch (error) {
    report(core, error, 'note', { tier: records.name })
  }
}

interface Draft {
  readonly facts: readonly Facts[]
  readonly versions: Map<string, Version | undefined>
  /** The namespace's version by key, where it has been read for this store. */
  readonly spaces: Map<string, Version>
  readonly tags: readonly string[]
  readonly text: string | undefined
}

/** One round of writing to one store: the places in `writing` that failed, or `'again'` when the guess was wrong. */
async function writeOnce(
  core: Core,
  remote: Remote,
  writing: readonly Setting[],
  { facts, versions, spaces, tags, text }: Draft,
): Promise<readonly number[] | 'again'> {
  const records = remote.place === 0
  const guessed = new Map(versions)
  const used: Version[] = []
  const writes = await Promise.all(
    writing.map(async ({ key, value }, index) => {
      const { name } = remoteName(key)
      const fact = facts[index]!
      const space = spaces.get(key) ?? remote.store.lastSpace(name) ?? ''
      used[index] = space
      const versioned = { ...fact, versions: fact.tags.map((tag) => guessed.get(tag) ?? '') }
      const bytes = await sealEntry(core, key, value, versioned, space)
      return { key: name, bytes, keepMs: fact.staleUntil - core.clock.now() }
    }),
  )
  let written: readonly Outcome[]
  let state: ReadResult
  try {
    ;({ written, state } = await remote.store.write(
      writes,
      records ? tags.map((tag) => remoteName(tag).name) : [],
      records && core.announces ? text : undefined,
    ))
  } catch (error) {
    report(core, error, 'set', { tier: remote.name })
    return writing.map((_, index) => index)
  }
  if (records) noteVersions(core, versions, tags, state.versions)
  const lost: number[] = []
  let again = false
  writing.forEach(({ key }, index) => {
    const error = written[index]
    const after = state.keys[index]!
    if (error !== undefined || isUnavailable(after)) {
      report(core, error ?? (isUnavailable(after) ? after.unavailable : undefined), 'set', {
        key,
        tier: remote.name,
      })
      lost.push(index)
      return
    }
    remote.journal.settleKey(key)
    if (after.space !== undefined && after.space !== used[index]) {
      spaces.set(key, after.space)
      again = true
    }
  })
  if (records && tags.some((tag) => versions.get(tag) !== guessed.get(tag))) again = true
  return again && lost.length === 0 ? 'again' : lost
}
