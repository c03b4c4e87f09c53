import { Cron } from 'croner'
import { CacheError, invalidOption } from '../base/errors.js'
import { toMilliseconds, type Duration } from '../base/duration.js'
import { canonicalKey, type Key } from '../base/stable-key.js'
import type { Cancel } from '../base/clock.js'
import type { Cache } from './cache.js'
import { readable, report, type Core } from './core.js'
import { expectedTags, lookup } from './lookup.js'
import { Load } from './load.js'
import type { GetOrSetOptions, Policy } from './options.js'
import type { Loader } from './reading.js'
import { NOTHING, runLoads } from './run.js'
import { runInScope } from './scope.js'

/**
 * Baking at night what is sold in the morning: a declared set of keys is refreshed ahead of expiry, by one process at a time.
 */
export interface WarmOptions<T> extends Omit<GetOrSetOptions, 'signal' | 'fresh'> {
  /** The keys to keep warm, asked for at the beginning of each run. */
  readonly keys: Iterable<Key> | (() => Iterable<Key> | Promise<Iterable<Key>>)
  /** Loads one of them: the same loader that readers use. */
  readonly load: (key: Key, ...context: Parameters<Loader<T>>) => T | Promise<T>
  /** How long from one run to the next. Either this or `cron` is required. */
  readonly every?: Duration | undefined
  /** When runs begin, as a cron pattern of five fields, or six with seconds first: `'0 4 * * *'` is four in the morning. */
  readonly cron?: string | undefined
  /** The time zone of `cron`, for example `'Europe/Berlin'`. Default: the process's. */
  readonly timezone?: string | undefined
  /** Loads at a time. Default: 4. */
  readonly concurrency?: number | undefined
  /** `'invalidate'`: also loads again at once what an invalidation took away, gathered and at most `concurrency` at a time. Default: not. */
  readonly refreshOn?: 'invalidate' | undefined
}

/** A set that is kept warm. */
export interface Warming {
  /** Runs now, unless another process has or does. */
  run(): Promise<WarmResult>
  /** Ends it; a run under way stops after the loads that have begun. */
  stop(): void
}

/** How a run went. */
export interface WarmResult {
  /** `ran`: here; `elsewhere`: another process does; `done`: another process has, in this period. */
  readonly outcome: 'ran' | 'elsewhere' | 'done'
  /** Keys that were loaded, that were still fresh for long enough, and whose load failed. */
  readonly loaded: number
  readonly fresh: number
  readonly failed: number
}

const GATHER_MS = 20

/** How long from a moment to the next that a cron pattern names, ms. */
function calendarOf(pattern: string, timezone: string | undefined): (now: number) => number {
  let calendar: Cron
  try {
    calendar = new Cron(pattern, { paused: true, ...(timezone === undefined ? {} : { timezone }) })
    calendar.nextRun(new Date(0))
  } catch (error) {
    throw invalidOption(
      'cron',
      `a cron pattern (${error instanceof Error ? error.message : String(error)})`,
      pattern,
    )
  }
  return (now) => {
    const next = calendar.nextRun(new Date(now))
    return next === null ? Infinity : Math.max(1, next.getTime() - now)
  }
}

/**
 * Begins to keep a set warm.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option.
 */
export function keepWarm<T>(
  core: Core,
  cache: Cache,
  name: string,
  options: WarmOptions<T>,
): Warming {
  if (typeof name !== 'string' || name === '')
    throw invalidOption('name', 'a non-empty string', name)
  const { keys, load, every, cron, timezone, concurrency = 4, refreshOn, ...given } = options
  if (typeof load !== 'function') throw invalidOption('load', 'a function', load)
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw invalidOption('concurrency', 'a whole number from 1', concurrency)
  }
  if ((every === undefined) === (cron === undefined)) {
    throw invalidOption('every', 'given, or else cron: one of the two', every)
  }
  if (refreshOn !== undefined && refreshOn !== 'invalidate') {
    throw invalidOption('refreshOn', "'invalidate' or left out", refreshOn)
  }
  const everyMs = every === undefined ? undefined : toMilliseconds(every, 'every')
  if (everyMs !== undefined && (everyMs < 1 || everyMs >= 2 ** 31)) {
    throw invalidOption('every', 'from 1 ms to 24 days', every)
  }
  let stopped = false
  let cancel: Cancel = () => {}

  const calendar = cron === undefined ? undefined : calendarOf(cron, timezone)
  const periodFrom = (now: number): number => everyMs ?? calendar!(now)
  const listKeys = async (): Promise<Key[]> => [
    ...(typeof keys === 'function' ? await keys() : keys),
  ]

  /** Loads what of the keys will not be fresh for `ms` more. */
  const warm = async (wanted: readonly Key[], ms: number): Promise<Omit<WarmResult, 'outcome'>> => {
    const result = { loaded: 0, fresh: 0, failed: 0 }
    const queue = wanted.values()
    const tell = (state: 'begun' | 'progress' | 'done'): void => {
      if (core.events.wants('warm')) {
        core.events.emit('warm', { name, state, total: wanted.length, ...result })
      }
    }
    tell('begun')
    const worker = async (): Promise<void> => {
      for (const key of queue) {
        if (stopped || core.closed) return
        try {
          if (await freshFor(core, canonicalKey(key), ms)) result.fresh++
          else {
            await cache.getOrSet<T>(key, (context) => load(key, context), { ...given, fresh: true })
            result.loaded++
          }
        } catch (error) {
          result.failed++
          report(core, error, 'warm', { key: canonicalKey(key) })
        }
        tell('progress')
      }
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, wanted.length) }, worker))
    tell('done')
    return result
  }

  const run = async (): Promise<WarmResult> => {
    const now = core.clock.now()
    const period = periodFrom(now)
    let result: Omit<WarmResult, 'outcome'> | undefined
    const outcome = await oncePerPeriod(core, `keepfresh:warm:${name}`, period, async () => {
      result = await runInScope(undefined, async () => warm(await listKeys(), period))
    })
    return { outcome, loaded: 0, fresh: 0, failed: 0, ...result }
  }

  const schedule = (): void => {
    if (stopped || core.closed) return
    cancel = core.clock.after(periodFrom(core.clock.now()), () => {
      run()
        .catch((error: unknown) => report(core, error, 'warm'))
        .finally(schedule)
    })
  }
  schedule()

  let gathering: Cancel | undefined
  const onInvalidate = (): void => {
    gathering ??= core.clock.after(GATHER_MS, () => {
      listKeys()
        .then((wanted) => warm(wanted, 0))
        .catch((error: unknown) => report(core, error, 'warm'))
        .finally(() => {
          gathering = undefined
        })
    })
  }
  if (refreshOn === 'invalidate') core.events.on('invalidate', onInvalidate)

  const stop = (): void => {
    stopped = true
    cancel()
    gathering?.()
    core.events.off('invalidate', onInvalidate)
    core.endings.delete(stop)
  }
  core.endings.add(stop)
  return { run, stop }
}

/** True when a key is fresh for longer than `ms` from now. */
async function freshFor(core: Core, key: string, ms: number): Promise<boolean> {
  const until = core.clock.now() + ms
  if (core.remotes.length === 0) {
    const kept = core.near?.peek(key)
    return kept?.valid === true && kept.entry.freshUntil > until
  }
  const { seen } = await lookup(core, [key], expectedTags(core, key, []))
  return seen[0] !== undefined && seen[0].judged.freshUntil > until
}

/**
 * Runs `work` unless another process does, or has within the period. It is a load like any other, whose kept value says when it ran:
 * its lease is what keeps the others out, and it ends with the process that holds it.
 */
async function oncePerPeriod(
  core: Core,
  key: string,
  periodMs: number,
  work: () => Promise<void>,
): Promise<WarmResult['outcome']> {
  const running = core.loads.get(key)
  if (running) {
    await running.done.catch(() => {})
    return 'elsewhere'
  }
  const kept = core.trusted ? core.near?.get(key) : undefined
  if (kept !== undefined && core.clock.now() < kept.freshUntil) return 'done'
  // A little shorter than the period, so that the next run of whoever is first is not held up by this one's end.
  const policy: Policy = { ...core.settings.policy, ttlMs: periodMs * 0.9, graceMs: 0, tags: [] }
  const load = new Load(core, key, [])
  load.enter()
  core.loads.set(key, load)
  await runLoads(
    core,
    [load],
    async () => {
      if (load.unleased) {
        throw new CacheError(
          'CACHE_STORE_UNAVAILABLE',
          `no store can tell whether another process keeps ${readable(key)} warm`,
        )
      }
      await work()
      return [{ value: core.clock.now() }]
    },
    { policy, newerThan: -Infinity, background: true },
  )
  const loaded = await load.done
  if (loaded === NOTHING) return 'elsewhere'
  return loaded.state === 'miss' ? 'ran' : 'done'
}
