import { remoteName } from '../store/names.js'
import { takeAhead, type Ahead } from './ahead.js'
import { assertOpen, type Core } from './core.js'
import { overtake, setApart } from './ending.js'
import { Load, type Loaded } from './load.js'
import type { Beginning, Loader, Reading } from './reading.js'
import { type GroupLoader, NOTHING, runLoads } from './run.js'
import { throwOnCycle } from './waiting.js'

/** True when a reader that started at `started` may wait for this load: see the rules at `Load`. */
export async function joinable(core: Core, load: Load, started: number): Promise<boolean> {
  if (load.overtaken) return false
  if (core.remotes.length === 0) return true
  if (core.near !== undefined && core.trusted) return load.nearLease?.live === true
  if (load.begun === undefined || load.begun > started) return true
  const lease = load.leases[0]
  if (load.filling !== undefined || lease === undefined) return false
  const { store } = core.remotes[0]!
  const tags = [...load.noted.keys()]
  try {
    const [holder, { versions }] = await Promise.all([
      store.holder(remoteName(load.key).name),
      store.read(
        [],
        tags.map((tag) => remoteName(tag).name),
      ),
    ])
    if (holder?.token !== String(lease.token)) {
      overtake(core, load)
      return false
    }
    const unchanged = tags.every((tag, index) => versions[index] === load.noted.get(tag))
    if (unchanged) load.verified = Math.max(load.verified, started)
    return unchanged
  } catch {
    return false
  }
}

/** The load that answers this reader: the one that runs, where it may be joined, else a new one. */
export async function leadOrJoin(
  core: Core,
  reading: Reading,
  { scope, started, unreached }: Pick<Beginning, 'scope' | 'started' | 'unreached'>,
): Promise<Load> {
  for (;;) {
    assertOpen(core)
    const running = core.loads.get(reading.key)
    if (running === undefined) break
    if (running.aborted) {
      // Everyone has left it: what it still returns may be kept, but nobody waits for it.
      setApart(core, running)
      break
    }
    const begunBefore = running.begun !== undefined && running.begun < started
    if (reading.fresh ? !begunBefore : !begunBefore || running.verified >= started) return running
    if (!reading.fresh && (core.remotes.length === 0 || (core.near !== undefined && core.trusted)))
      return running
    if (!running.unleased && !reading.fresh) {
      if (await joinable(core, running, started)) return running
      if (core.loads.get(reading.key) === running) overtake(core, running)
      continue
    }
    // No store can tell whether this load was overtaken: wait for its end, so that one load runs at a time.
    throwOnCycle(scope, running, core)
    await running.done.catch(() => {})
  }
  return startNew(core, reading, unreached)
}

export function startNew(core: Core, reading: Reading, unreached: number, ahead?: Ahead): Load {
  assertOpen(core)
  return startLoad(core, reading, {
    newerThan: reading.fresh ? Infinity : -Infinity,
    background: false,
    unreached,
    ahead: ahead?.taken === false ? ahead : undefined,
  })
}

/** Starts a load that others may join. */
export function startLoad(
  core: Core,
  { key, loader, policy }: Reading,
  {
    newerThan,
    background,
    unreached = 0,
    ahead,
  }: {
    readonly newerThan: number
    readonly background: boolean
    readonly unreached?: number
    readonly ahead?: Ahead | undefined
  },
): Load {
  const load = new Load(core, key, policy.tags, ahead?.near)
  if (ahead !== undefined) takeAhead(core, load, ahead)
  load.unreached = unreached
  core.loads.set(key, load)
  if (background) load.enter()
  void runLoads(core, [load], single(loader), { policy, newerThan, background })
  return load
}

/** A loader of one key as a loader of a group of one. */
export function single(loader: Loader<unknown>): GroupLoader {
  return async (_loads, [context]) => [{ value: await loader(context!) }]
}

/** See the rules at `Load`. */
export function acceptable(
  core: Core,
  load: Load,
  loaded: Loaded,
  started: number,
  epoch: number,
): boolean {
  if (loaded === NOTHING) return false
  if (load.verified >= started) return true
  const began = loaded.state === 'miss' ? load.begun! : load.claimed
  if (began > started) return true
  if (loaded.validated && load.filling !== undefined && load.filling > started) return true
  if (core.remotes.length > 0 && (core.near === undefined || !core.trusted)) return false
  return epoch === load.epoch || loaded.validated
}
