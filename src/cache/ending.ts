import { remoteName } from '../store/names.js'
import type { RemoteLease } from '../store/store.js'
import { report, type Core, type Remote } from './core.js'
import type { Load, Loaded } from './load.js'

/** Ends a load with its value, for everyone who waits for it. */
export function end(core: Core, load: Load, loaded: Loaded): void {
  forget(core, load)
  load.resolve(loaded)
}

/** Ends a load with an error, for everyone who waits for it; its leases go to whoever asks next. */
export function fail(core: Core, load: Load, error: unknown): void {
  releaseLeases(core, load)
  forget(core, load)
  load.reject(error)
}

/** Something changed the key: nobody may join this load any more, and what it returns is not kept. */
export function overtake(core: Core, load: Load): void {
  load.overtaken = true
  setApart(core, load)
}

/** Nobody may join this load any more. */
export function setApart(core: Core, load: Load): void {
  if (core.loads.get(load.key) !== load) return
  core.loads.delete(load.key)
  core.apart.add(load)
}

/** Gives back every lease of a load that will not fill. */
export function releaseLeases(core: Core, load: Load): void {
  for (const remote of core.remotes) {
    const lease = load.leases[remote.place]
    if (lease === undefined) continue
    load.leases[remote.place] = undefined
    releaseLease(core, remote, load.key, lease)
  }
}

/** Gives back a lease at one store, in the background. */
export function releaseLease(
  core: Core,
  { store, name }: Remote,
  key: string,
  lease: RemoteLease,
): void {
  store
    .release(remoteName(key).name, lease)
    .catch((error: unknown) => report(core, error, 'release', { key, tier: name }))
}

function forget(core: Core, load: Load): void {
  if (core.loads.get(load.key) === load) core.loads.delete(load.key)
  else core.apart.delete(load)
  if (load.nearLease?.live === true) core.near!.release(load.key, load.nearLease)
}
