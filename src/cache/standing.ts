import { CacheError } from '../base/errors.js'
import type { Judged } from '../store/envelope.js'
import { remoteName } from '../store/names.js'
import type { Found, KeyState, Version } from '../store/store.js'
import { readable, report, type Core, type Remote } from './core.js'
import { expectedTags, isUnavailable, judge, learnTags, noteVersions, tagsHold } from './lookup.js'
import type { Policy } from './options.js'

/** What a change by compare and set begins with: what stands there, and how often it may be tried again. */

export const ATTEMPTS_AT_MOST = 200

/** What stands under a key in one store: a valid entry, opened, or nothing usable. */
export interface Standing {
  /** What a replacement has to find again; undefined when the store holds nothing at all. */
  readonly found: Found | undefined
  readonly judged: Judged | undefined
  readonly space: Version
  readonly versions: ReadonlyMap<string, Version | undefined>
}

/** The entry of a key at one store, and the records that a new one needs, created where missing. */
export async function stand(
  core: Core,
  remote: Remote,
  key: string,
  policy: Policy,
): Promise<Standing> {
  const tags = remote.place === 0 ? expectedTags(core, key, policy.tags) : []
  const { name } = remoteName(key)
  const result = await remote.store.acquire(
    [name],
    tags.map((tag) => remoteName(tag).name),
    core.settings.leaseMs,
    policy.ttlMs + policy.graceMs,
  )
  const state = result.keys[0]!
  if (isUnavailable(state)) throw state.unavailable
  if (state.lease) {
    // The lease is not needed: replacing what was read is safe by itself. It goes with the replacement, or now.
    remote.store
      .release(name, state.lease)
      .catch((error: unknown) => report(core, error, 'release', { key }))
  }
  const versions = new Map<string, Version | undefined>()
  noteVersions(core, versions, tags, result.versions)
  const judged = await validAt(core, remote, key, state, versions)
  return { found: state.found, judged, space: state.space, versions }
}

export async function validAt(
  core: Core,
  remote: Remote,
  key: string,
  state: KeyState,
  versions: Map<string, Version | undefined>,
): Promise<Judged | undefined> {
  const judged = judge(core, remote, key, state)
  if (judged === undefined) return undefined
  await learnTags(core, versions, [judged])
  return tagsHold(core, versions, judged) ? judged : undefined
}

export async function pauseAfter(core: Core, attempt: number): Promise<void> {
  if (attempt < 2) return
  await new Promise<void>((resolve) =>
    core.clock.after(core.random.fraction() * Math.min(attempt, 20), resolve),
  )
}

export function tooBusy(key: string): CacheError {
  return new CacheError(
    'CACHE_STORE_UNAVAILABLE',
    `${readable(key)} was changed by others ${ATTEMPTS_AT_MOST} times while this change was tried`,
    { key: readable(key) },
  )
}
