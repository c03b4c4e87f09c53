/**
 * Answers loaded from a replica that lags must not be kept in place of those that were just invalidated. So before tags are invalidated,
 * the position that the primary's log has reached is noted for the tables that were written; and a load, which notes the versions of its
 * tags first, asks the replica only if that has got there:
 *
 * 1. the writer commits; 2. it notes the position, which lies behind its commit; 3. it invalidates the tags.
 *
 * A load that noted its versions before step 3 is overtaken; one that noted them after it finds the position. Where positions cannot be
 * had (another database, or the primary does not say), reads of the table go to the primary for a while instead, the hold-off.
 *
 * A position may be lost with the store that has it, and a process that starts knows of none: so none is ever believed to be less
 * than where the primary was when this process last asked, at most half a minute ago.
 */
import { toMilliseconds, type Duration } from '../base/duration.js'
import { invalidOption } from '../base/errors.js'
import { coreOf, type Cache } from '../cache/cache.js'
import { localPositions, remotePositions } from './positions.js'
import type { Commit, LoadAdvice, LoadAhead, QueryHooks } from './types.js'

/** What is known of the replica that loads may ask. */
export interface ReplicaOptions {
  /**
   * The position that the log of the primary has reached, asked when a write has been committed. Undefined, or a rejection: it cannot be told.
   * Default: it cannot be told.
   */
  readonly position?: (() => Promise<bigint | undefined>) | undefined
  /** How long after a write whose position cannot be told its tables are read from the primary. Default: 5 seconds. */
  readonly holdOff?: Duration | undefined
}

const HOLD_OFF_MS = 5_000
const ASK_AGAIN_MS = 30_000

/** A table of no database: for changes of everything. */
const EVERYTHING = '*'

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming what is wrong. */
export function replicaHooks(
  cache: Cache,
  options: ReplicaOptions,
  onError: (error: unknown) => void,
): QueryHooks {
  const { position } = options
  const core = coreOf(cache)
  const { clock } = core
  if (position !== undefined && typeof position !== 'function')
    throw invalidOption('replica.position', 'a function', position)
  const holdMs =
    options.holdOff === undefined ? HOLD_OFF_MS : toMilliseconds(options.holdOff, 'replica.holdOff')
  if (!(holdMs > 0 && holdMs < 2 ** 31))
    throw invalidOption(
      'replica.holdOff',
      'longer than 0 and shorter than 24 days',
      options.holdOff,
    )
  const [nearest] = core.remotes
  const positions =
    nearest === undefined ? localPositions(holdMs, clock) : remotePositions(nearest.store, holdMs)
  /** When it is not known whether others have been told: until then this process at least does not ask the replica. */
  let doubtUntil = 0
  let base: { readonly position: bigint; readonly at: number } | undefined
  let asking: Promise<void> | undefined

  async function reached(): Promise<bigint | undefined> {
    try {
      return await position?.()
    } catch (error) {
      onError(error)
      return undefined
    }
  }

  async function askBase(): Promise<void> {
    const at = clock.now()
    const now = await reached()
    if (now !== undefined) base = { position: now, at }
  }

  /** What a replica needs whatever the table; undefined when the primary cannot say. */
  async function basePosition(): Promise<bigint | undefined> {
    const age = clock.now() - (base?.at ?? -Infinity)
    if (age > ASK_AGAIN_MS) {
      asking ??= askBase().finally(() => (asking = undefined))
      await asking
      if (clock.now() - (base?.at ?? -Infinity) > ASK_AGAIN_MS) return undefined
    }
    return base?.position
  }

  async function note({ tables, everything }: Commit): Promise<void> {
    const of = everything ? [EVERYTHING] : tables
    const at = await reached()
    if (at === undefined) await positions.hold(of)
    else await positions.raise(of, at)
  }

  async function advise({ tables }: LoadAhead): Promise<LoadAdvice> {
    if (clock.now() < doubtUntil) return { primary: true }
    const least = position === undefined ? undefined : await basePosition()
    if (position !== undefined && least === undefined) return { primary: true }
    const { held, position: noted } = await positions.needed([EVERYTHING, ...tables])
    if (held) return { primary: true }
    return { position: noted !== undefined && noted > (least ?? -1n) ? noted : least }
  }

  return {
    async beforeInvalidate(commit) {
      try {
        await note(commit)
      } catch (error) {
        onError(error)
        doubtUntil = clock.now() + holdMs
      }
    },
    beforeLoad: (load) =>
      advise(load).catch((error: unknown) => {
        onError(error)
        return { primary: true }
      }),
  }
}
