import { remoteName } from '../store/names.js'
import type { ServerHealth } from '../store/store.js'
import { readable, type Core, type Remote } from './core.js'
import { isUnavailable, learnTags, noteVersions, tagsHold } from './lookup.js'
import type { Version } from '../store/store.js'

/** What one tier says of a key. */
export interface TierInspection {
  readonly tier: string
  /**
   * `fresh` and `stale` would answer a read; `expired`, `invalidated` (by a tag, or `clear`), `unreadable`, `pending` (an invalidation
   * is not delivered), `absent`, `untrusted` (messages may have been missed) and `unavailable` would not.
   */
  readonly state:
    | 'fresh'
    | 'stale'
    | 'expired'
    | 'invalidated'
    | 'unreadable'
    | 'pending'
    | 'absent'
    | 'untrusted'
    | 'unavailable'
  readonly loadedAt?: number
  readonly freshUntil?: number
  readonly staleUntil?: number
  readonly private?: boolean
  /** Tags, and whether each still has the version that was noted. */
  readonly tags?: readonly { readonly tag: string; readonly valid: boolean }[]
  /** Approximate weight in memory, or size of the envelope, bytes. */
  readonly bytes?: number
  /** Who may fill the key there, and for how long. */
  readonly lease?: { readonly token: string; readonly remainingMs: number | undefined }
  /** Why it is unreadable or unavailable. */
  readonly error?: unknown
  readonly health?: readonly ServerHealth[]
}

export interface Inspection {
  readonly key: string
  /** How a read would end now, and which tier decides it. */
  readonly outcome: 'hit' | 'stale' | 'miss'
  readonly tiers: readonly TierInspection[]
  /** The load of this key in this process, when one runs. */
  readonly loading: { readonly since: number } | undefined
}

/** Looks at a key in every tier without counting as a use. */
export async function inspectKey(core: Core, key: string): Promise<Inspection> {
  const tiers: TierInspection[] = []
  if (core.near !== undefined) tiers.push(inspectNear(core, key))
  for (const remote of core.remotes) tiers.push(await inspectRemote(core, remote, key))
  const load = core.loads.get(key)
  const answers = tiers.find(({ state }) => state === 'fresh' || state === 'stale')
  return {
    key: readable(key),
    outcome: answers === undefined ? 'miss' : answers.state === 'fresh' ? 'hit' : 'stale',
    tiers,
    loading: load && { since: load.plannedAt },
  }
}

function timeState(
  core: Core,
  times: { readonly freshUntil: number; readonly staleUntil: number },
): 'fresh' | 'stale' | 'expired' {
  const now = core.clock.now()
  return now < times.freshUntil ? 'fresh' : now < times.staleUntil ? 'stale' : 'expired'
}

function inspectNear(core: Core, key: string): TierInspection {
  const tier = core.tierNames[0]!
  const kept = core.near!.peek(key)
  if (!core.trusted) return { tier, state: 'untrusted' }
  if (kept === undefined) return { tier, state: 'absent' }
  const { entry, valid } = kept
  return {
    tier,
    state: valid ? timeState(core, entry) : 'invalidated',
    loadedAt: entry.loadedAt,
    freshUntil: entry.freshUntil,
    staleUntil: entry.staleUntil,
    private: entry.private,
    tags: entry.tags.map((tag) => ({ tag, valid })),
    bytes: entry.bytes,
  }
}

async function inspectRemote(
  core: Core,
  { store, name: tier, journal, place }: Remote,
  key: string,
): Promise<TierInspection> {
  const { name } = remoteName(key)
  const health = store.health()
  try {
    const [result, holder] = await Promise.all([store.read([name], []), store.holder(name)])
    const lease = holder === undefined ? {} : { lease: holder }
    const state = result.keys[0]!
    if (isUnavailable(state))
      return { tier, state: 'unavailable', error: state.unavailable, health }
    if (state.found === undefined) return { tier, state: 'absent', ...lease, health }
    const bytes = state.found.bytes.length
    try {
      const judged = core.envelopes.open(state.found.bytes, name, key)
      const versions = new Map<string, Version | undefined>()
      if (place === 0) await learnTags(core, versions, [judged])
      else await noteFromRecords(core, versions, judged.tags)
      const current = judged.space === state.space && tagsHold(core, versions, judged)
      const pending =
        journal.blocksKey(key) || judged.tags.some((tag) => core.remotes[0]!.journal.blocksTag(tag))
      return {
        tier,
        state: pending ? 'pending' : current ? timeState(core, judged) : 'invalidated',
        loadedAt: judged.loadedAt,
        freshUntil: judged.freshUntil,
        staleUntil: judged.staleUntil,
        private: judged.private,
        tags: judged.tags.map((tag, index) => ({
          tag,
          valid: versions.get(tag) === judged.versions[index],
        })),
        bytes,
        ...lease,
        health,
      }
    } catch (error) {
      return { tier, state: 'unreadable', bytes, error, ...lease, health }
    }
  } catch (error) {
    return { tier, state: 'unavailable', error, health }
  }
}

async function noteFromRecords(
  core: Core,
  versions: Map<string, Version | undefined>,
  tags: readonly string[],
): Promise<void> {
  if (tags.length === 0) return
  const read = await core.remotes[0]!.store.read(
    [],
    tags.map((tag) => remoteName(tag).name),
  )
  noteVersions(core, versions, tags, read.versions)
}
