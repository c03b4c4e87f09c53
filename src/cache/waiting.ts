import { CacheError } from '../base/errors.js'
import type { AtHand } from './answer.js'
import { cycleError } from './context.js'
import { type Core, readable } from './core.js'
import { overtake } from './ending.js'
import { watchBackground } from './failure.js'
import type { Load, Loaded } from './load.js'
import type { Reading } from './reading.js'
import type { Scope } from './scope.js'

/** Notes that the loaders which asked wait for this load; a circle among them is an error at once. */
export function waitsBegin(core: Core, scope: Scope | undefined, load: Load): readonly Load[] {
  if (scope === undefined) return []
  throwOnCycle(scope, load, core)
  const makers = makersOf(scope)
  for (const maker of makers) maker.waitsFor.add(load)
  return makers
}

export function throwOnCycle(scope: Scope | undefined, load: Load, core: Core): void {
  if (scope === undefined) return
  if (makersOf(scope).some((maker) => load.waitsOn(maker))) {
    const error = cycleError(load.key)
    if (load.waiting === 0 && core.loads.get(load.key) === load) overtake(core, load)
    throw error
  }
}

/** The loads whose loader this code runs in, through scopes that are no loads (collect, fragments); none once it has ended. */
function makersOf(scope: Scope): readonly Load[] {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    if (Array.isArray(at.maker)) return at.ended ? [] : (at.maker as readonly Load[])
  }
  return []
}

/** Waits for a load as the caller allows: its signal, the soft timeout (with something stale at hand) and the hard one. */
export async function waitFor(
  core: Core,
  load: Load,
  { policy, signal }: Reading,
  atHand: AtHand | undefined,
): Promise<Loaded | 'timeout'> {
  load.enter()
  const now = core.clock.now()
  const soft =
    policy.softMs !== undefined &&
    atHand !== undefined &&
    now < atHand.freshUntil + policy.staleIfErrorMs
      ? policy.softMs
      : undefined
  if (signal === undefined && soft === undefined && policy.hardMs === undefined) {
    try {
      return await load.done
    } finally {
      load.leave(undefined)
    }
  }
  const { promise, resolve, reject } = Promise.withResolvers<Loaded | 'timeout'>()
  load.done.then(resolve, reject)
  const onAbort = (): void => reject(signal!.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const cancelSoft =
    soft === undefined
      ? undefined
      : core.clock.after(soft, () => {
          // The load goes on in the background: this caller stays counted, so that it is not cancelled.
          load.enter()
          watchBackground(core, load, policy)
          resolve('timeout')
        })
  const cancelHard =
    policy.hardMs === undefined
      ? undefined
      : core.clock.after(policy.hardMs, () =>
          reject(
            new CacheError(
              'CACHE_TIMEOUT',
              `loading ${readable(load.key)} took longer than the hard timeout of ${policy.hardMs} ms`,
              { key: readable(load.key) },
            ),
          ),
        )
  let reason: unknown
  try {
    return await promise
  } catch (error) {
    reason = error
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    cancelSoft?.()
    cancelHard?.()
    load.leave(reason)
  }
}
