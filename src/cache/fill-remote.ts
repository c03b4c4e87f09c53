import type { Fill } from '../store/store.js'
import { report, type Core, type Remote } from './core.js'
import { sealEntry, type Facts } from './entries.js'
import type { Keeping, KeepOptions } from './keep.js'
import type { Load } from './load.js'
import { isUnavailable, nameOf, type Seen } from './lookup.js'

const NONE: readonly never[] = Object.freeze([])

/** Fills a remote store with what may be kept, under the leases of its loads there, and notes what became of each. */
export async function fillRemote(
  core: Core,
  remote: Remote,
  keepings: readonly Keeping[],
  { startedAt }: KeepOptions,
): Promise<void> {
  const delta = core.clock.now() - startedAt
  const fills: Fill[] = []
  const filling: Keeping[] = []
  const sealed = keepings.map((one) => sealOrRefuse(core, remote, one, delta))
  for (let index = 0; index < keepings.length; index++) {
    const sealing = sealed[index]
    const fill = sealing instanceof Promise ? await sealing : sealing
    if (fill === undefined) continue
    fills.push(fill)
    filling.push(keepings[index]!)
  }
  if (remote.place === 0) {
    for (const one of keepings) if (!filling.includes(one)) one.unkept ??= 'unleased'
  }
  if (filling.length === 0) return
  const tags = remote.place === 0 ? tagsOf(filling) : NONE
  try {
    const { filled, state } = await remote.store.fill(fills, tags.map(nameOf))
    filling.forEach((one, index) => {
      const outcome = filled[index]!
      if (isUnavailable(outcome)) {
        report(core, outcome.unavailable, 'fill', { key: one.load.key, tier: remote.name })
        one.unkept ??= 'unavailable'
      } else if (!outcome) one.unkept ??= 'overtaken'
      else if (remote.place === 0) {
        const after = state.keys[index]!
        one.validated =
          !isUnavailable(after) &&
          after.space === one.load.spaces[0] &&
          one.tags.every((tag, at) => state.versions[tags.indexOf(tag)] === one.versions[at])
      }
    })
  } catch (error) {
    for (const one of filling) one.unkept ??= 'unavailable'
    report(core, error, 'fill', { tier: remote.name })
  }
}

/** As `sealFill`; what cannot be sealed is told to the callers of its load. */
function sealOrRefuse(
  core: Core,
  remote: Remote,
  one: Keeping,
  delta: number,
): Fill | undefined | Promise<Fill | undefined> {
  const refuse = (error: unknown): undefined => {
    one.refused = { error }
  }
  try {
    const sealed = sealFill(core, remote, one.load, one.value, one, delta)
    return sealed instanceof Promise ? sealed.catch(refuse) : sealed
  } catch (error) {
    return refuse(error)
  }
}

/** Each tag once. */
function tagsOf(keepings: readonly Keeping[]): readonly string[] {
  if (keepings.length === 1) return keepings[0]!.tags
  return [...new Set(keepings.flatMap(({ tags }) => tags))]
}

/** The entry as bytes for one store, under the load's lease there, which is used up; undefined when it has none. */
function sealFill(
  core: Core,
  remote: Remote,
  load: Load,
  value: unknown,
  facts: Facts,
  delta: number,
): Fill | undefined | Promise<Fill> {
  const { place } = remote
  const lease = load.leases[place]
  const space = load.spaces[place]
  if (lease === undefined || space === undefined) return undefined
  const bytes = sealEntry(core, load.key, value, facts, space, delta)
  const fillWith = (sealed: Buffer): Fill => {
    load.leases[place] = undefined
    const keepMs = facts.staleUntil - core.clock.now()
    return { key: nameOf(load.key), lease, bytes: sealed, keepMs }
  }
  return bytes instanceof Promise ? bytes.then(fillWith) : fillWith(bytes)
}

/** Fills the remote stores nearer than the one where an entry was found, under the leases the load holds there. */
export async function fillNearer(
  core: Core,
  load: Load,
  value: unknown,
  seen: Seen,
): Promise<void> {
  for (const remote of core.remotes) {
    if (remote.place >= seen.remote.place) return
    try {
      const fill = await sealFill(core, remote, load, value, seen.judged, seen.judged.delta)
      if (fill) await remote.store.fill([fill], [])
    } catch (error) {
      report(core, error, 'fill', { key: load.key, tier: remote.name })
    }
  }
}
