import { describe, invalidOption } from '../base/errors.js'
import { assertTag, canonicalKey, type Key } from '../base/stable-key.js'
import type { Duration } from '../base/duration.js'
import { isAhead } from '../base/turn-clock.js'
import { addValue, expireKey, incrementValue, touchKey } from './adjust.js'
import { createAudit } from './audit.js'
import { clearAll, dropKeys, invalidateTags, setValues, type Receipt } from './change.js'
import { closeCore } from './close.js'
import { assertOpen, createCore, readable, type Core } from './core.js'
import type { CacheEventName, CacheEvents, CacheStats } from './events.js'
import { isReady, useCore } from './first-use.js'
import { inspectKey, type Inspection } from './inspect.js'
import { getMany, readMany, type ManyLoader } from './many.js'
import { hitNear } from './near-hit.js'
import {
  resolvePolicy,
  resolveSettings,
  type CacheOptions,
  type GetOrSetOptions,
  type KeepOptions,
  type Policy,
} from './options.js'
import { type Loader, readingOf } from './reading.js'
import { read, readValue } from './read.js'
import type { Answer } from './answer.js'
import { statsOf } from './stats.js'
import { getManyStraight } from './straight-many.js'
import { readStraight } from './straight.js'
import { keepWarm, type Warming, type WarmOptions } from './warm.js'
import type { Store } from '../store/store.js'

export interface GetOptions {
  /** Tags expected on the entry: known beforehand, they are read in the same command. Default: those of its last load here. */
  readonly tags?: readonly string[] | undefined
}

export interface ManyOptions<Id> extends Omit<GetOrSetOptions, 'tags' | 'fresh'> {
  /** The key of an id. Default: the id itself. */
  readonly key?: ((id: Id) => Key) | undefined
  /** Tags of every value, or of the value of an id. */
  readonly tags?: readonly string[] | ((id: Id) => readonly string[]) | undefined
  /** `'keep'`: an id that the loader has nothing for is kept as `null`, so that it is not asked for again. Default: `'skip'`. */
  readonly absent?: 'keep' | 'skip' | undefined
}

export interface IncrementOptions extends KeepOptions {
  /** What a missing key starts at, before the addition. Default: 0. */
  readonly initial?: number | undefined
}

export interface WrapOptions<Args extends readonly unknown[]> extends Omit<
  GetOrSetOptions,
  'tags' | 'signal'
> {
  /** The first part of the key. Default: the function's own name, which it has to have then. */
  readonly name?: string | undefined
  /** The rest of the key. Default: the arguments. */
  readonly key?: ((...args: Args) => Key) | undefined
  readonly tags?: readonly string[] | ((...args: Args) => readonly string[]) | undefined
}

const cores = new WeakMap<Cache, Core>()

/**
 * The engine behind a cache: for the parts of keepfresh that are built on it.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for anything but a cache of this copy of keepfresh.
 */
export function coreOf(cache: Cache): Core {
  const core = cores.get(cache)
  if (core === undefined) throw invalidOption('cache', 'made by createCache()', cache)
  return core
}

/**
 * A cache over one or several tiers. Made by `createCache`.
 *
 * What holds for all of it: an invalidation that has resolved is not undone by a load that began before it; concurrent
 * callers of one key share one load, across processes; a store that is down costs a bounded wait and never the request.
 */
export class Cache implements AsyncDisposable {
  readonly #core: Core
  #closing: Promise<void> | undefined

  /** Use `createCache`. */
  constructor(options: CacheOptions & { readonly tiers: readonly Store[] }) {
    const settings = resolveSettings(options)
    this.#core = createCore(settings)
    if (settings.audit) this.#core.audit = createAudit(this.#core, settings.audit)
    cores.set(this, this.#core)
  }

  /**
   * Answers from the cache, or runs `loader` once and keeps what it returns.
   *
   * Concurrent callers of one key share a run. What the loader throws reaches them as it was thrown, and nothing is kept.
   * `null` is a value and is kept; `undefined` is not. The answer may be frozen: see the `values` option.
   *
   * @throws {CacheError} as a rejection: `CACHE_KEY_INVALID`, `CACHE_OPTION_INVALID`, `CACHE_VALUE_INVALID` when the value cannot
   * be kept faithfully, `CACHE_LOADER_CYCLE`, `CACHE_TIMEOUT`, `CACHE_CLOSED`; the reason of an aborted `signal`.
   */
  getOrSet<T>(key: Key, loader: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    // A text that begins with U+0001 is found under another name, and an empty one nowhere: only `#getOrLoad` looks closer.
    if (typeof key === 'string' && (options === undefined || options.fresh !== true)) {
      const core = this.#core
      const entry = core.trusted ? core.near?.get(key) : undefined
      if (entry !== undefined && isAhead(core.clock, entry.checkAt) && key.charCodeAt(0) !== 1) {
        core.audit?.hit(key, entry, loader)
        return hitNear(core, key, entry) as Promise<T>
      }
    }
    return this.#getOrLoad(key, loader, options) as Promise<T>
  }

  /** Any key, and what is not at hand: what a hit under a text need not be slowed by. */
  #getOrLoad(key: Key, loader: unknown, options: GetOrSetOptions | undefined): Promise<unknown> {
    const core = this.#core
    if (core.straight !== undefined && options?.fresh !== true) {
      return readStraight(core, core.straight, key, loader, options)
    }
    let canonical: string
    try {
      canonical = canonicalKey(key)
    } catch (error) {
      return Promise.reject(error)
    }
    if (typeof key !== 'string' && core.trusted && options?.fresh !== true) {
      const entry = core.near?.get(canonical)
      if (entry !== undefined && isAhead(core.clock, entry.checkAt)) {
        core.audit?.hit(canonical, entry, loader as Loader<unknown>)
        return hitNear(core, canonical, entry)
      }
    }
    return this.#load(canonical, loader, options)
  }

  /** An async function would cost each load two waits more. */
  #load(
    canonical: string,
    loader: unknown,
    options: GetOrSetOptions | undefined,
  ): Promise<unknown> {
    const core = this.#core
    try {
      const reading = readingOf(core, canonical, loader, options)
      const inUse = useCore(core)
      return isReady(inUse) ? readValue(core, reading) : inUse.then(() => readValue(core, reading))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * As `getOrSet`, and tells how the value was found and how long it holds.
   */
  async read<T>(key: Key, loader: Loader<T>, options?: GetOrSetOptions): Promise<Answer<T>> {
    const core = this.#core
    const reading = readingOf(core, canonicalKey(key), loader, options)
    const inUse = useCore(core)
    if (!isReady(inUse)) await inUse
    return (await read(core, reading)) as Answer<T>
  }

  /**
   * Answers many ids in one round trip per server, and calls `loader` once for those that are missing.
   *
   * Order and duplicates are kept. The loader returns one result per missing id, in their order, or a `Map` by id; an `Error`
   * among the results is that id's answer alone.
   */
  async getOrSetMany<Id, T>(
    ids: readonly Id[],
    loader: ManyLoader<Id, T>,
    options: ManyOptions<Id> = {},
  ): Promise<T[]> {
    const core = this.#core
    assertOpen(core)
    if (!Array.isArray(ids)) throw invalidOption('ids', 'a list', ids)
    if (typeof loader !== 'function') throw invalidOption('loader', 'a function', loader)
    const { key = (id: Id) => id as Key, tags, absent, signal, ...rest } = options
    const common = resolvePolicy(
      core.settings.policy,
      Array.isArray(tags) ? { ...rest, tags: tags as readonly string[] } : rest,
    )
    const wanted = ids.map((id) => ({
      id,
      key: canonicalKey(key(id)),
      policy: typeof tags === 'function' ? withTags(common, tags(id)) : common,
    }))
    await useCore(core)
    const answers = await readMany(core, {
      wanted,
      loader: loader as ManyLoader<Id, unknown>,
      signal,
      keepAbsent: absent === 'keep',
    })
    return answers.map((answer) => (answer instanceof Error ? answer : answer.value)) as T[]
  }

  /** The fresh value of a key, or undefined. */
  get<T = unknown>(key: Key, options?: GetOptions): Promise<T | undefined> {
    const core = this.#core
    if (core.straight !== undefined && core.near === undefined)
      return this.#getOne(key, options) as Promise<T | undefined>
    let canonical: string
    try {
      canonical = typeof key === 'string' && key.charCodeAt(0) !== 1 ? key : canonicalKey(key)
    } catch (error) {
      return Promise.reject(error)
    }
    if (core.trusted && core.near !== undefined) {
      const entry = core.near.get(canonical)
      if (entry !== undefined && isAhead(core.clock, entry.freshUntil))
        return hitNear(core, canonical, entry) as Promise<T>
    }
    return this.#getFar(canonical, options) as Promise<T | undefined>
  }

  async #getOne(key: Key, options: GetOptions | undefined): Promise<unknown> {
    return (await this.getMany([key], options))[0]
  }

  async #getFar(canonical: string, options: GetOptions | undefined): Promise<unknown> {
    const core = this.#core
    canonicalKey(canonical)
    const policy =
      options === undefined ? core.settings.policy : resolvePolicy(core.settings.policy, options)
    await useCore(core)
    return (await getMany(core, [canonical], policy))[0]
  }

  /** The fresh values of many keys in one round trip per server, in their order; undefined where there is none. */
  async getMany<T = unknown>(
    keys: readonly Key[],
    options?: GetOptions,
  ): Promise<(T | undefined)[]> {
    const core = this.#core
    if (!Array.isArray(keys)) throw invalidOption('keys', 'a list', keys)
    const policy =
      options === undefined ? core.settings.policy : resolvePolicy(core.settings.policy, options)
    if (core.straight !== undefined && core.near === undefined) {
      return (await getManyStraight(core, core.straight, keys, policy)) as (T | undefined)[]
    }
    const canonical = keys.map(canonicalKey)
    await useCore(core)
    return (await getMany(core, canonical, policy)) as (T | undefined)[]
  }

  /** True when a fresh value is there. */
  async has(key: Key): Promise<boolean> {
    return (await this.get(key)) !== undefined
  }

  /**
   * Keeps a value, whatever is there; loads of the key that run are overtaken. A value read from the source before another
   * writer changed it can overwrite what that writer set: where the source is shared, prefer `getOrSet` and `delete`.
   *
   * @throws {CacheError} as a rejection: `CACHE_VALUE_INVALID` for `undefined` and what cannot be kept faithfully.
   */
  async set(key: Key, value: unknown, options?: KeepOptions): Promise<Receipt> {
    return this.setMany([[key, value]], options)
  }

  /** Keeps many values in one round trip per server. Nothing is kept when any key, value or option is refused. */
  async setMany(
    entries: Iterable<readonly [Key, unknown]>,
    options?: KeepOptions,
  ): Promise<Receipt> {
    const core = this.#core
    assertOpen(core)
    const policy = resolvePolicy(core.settings.policy, options)
    const byKey = new Map<string, unknown>()
    for (const [key, value] of entries) {
      const canonical = canonicalKey(key)
      if (value === undefined) {
        throw invalidOption(
          `value of ${readable(canonical)}`,
          'a value; undefined is never kept, null is',
          value,
        )
      }
      byKey.set(canonical, value)
    }
    await useCore(core)
    return setValues(
      core,
      [...byKey].map(([key, value]) => ({ key, value, policy })),
    )
  }

  /** Keeps a value unless a fresh one is there. True when it was kept. */
  async add(key: Key, value: unknown, options?: KeepOptions): Promise<boolean> {
    const core = this.#core
    const canonical = canonicalKey(key)
    if (value === undefined)
      throw invalidOption('value', 'a value; undefined is never kept, null is', value)
    const policy = resolvePolicy(core.settings.policy, options)
    await useCore(core)
    return addValue(core, canonical, value, policy)
  }

  /**
   * Adds `by` to a number and resolves to the sum; a missing key starts at `initial`. Atomic across processes. The entry keeps
   * its lifetime; a new one gets it from the options.
   *
   * @throws {CacheError} as a rejection: `CACHE_NOT_A_NUMBER` when something else is there; `CACHE_STORE_UNAVAILABLE` when the
   * store cannot be reached, since a number that was not counted must not look counted.
   */
  async increment(key: Key, by = 1, options: IncrementOptions = {}): Promise<number> {
    const core = this.#core
    const canonical = canonicalKey(key)
    const { initial = 0, ...rest } = options
    if (typeof by !== 'number' || Number.isNaN(by)) throw invalidOption('by', 'a number', by)
    if (typeof initial !== 'number' || Number.isNaN(initial))
      throw invalidOption('initial', 'a number', initial)
    const policy = resolvePolicy(core.settings.policy, rest)
    await useCore(core)
    return incrementValue(core, canonical, by, initial, policy)
  }

  /** Makes a fresh entry fresh for `ttl` from now (default: the cache's). False when none is there. */
  async touch(key: Key, ttl?: Duration): Promise<boolean> {
    const core = this.#core
    const canonical = canonicalKey(key)
    const policy = resolvePolicy(core.settings.policy, { ttl })
    await useCore(core)
    return touchKey(core, canonical, policy)
  }

  /**
   * Ends the freshness of an entry and keeps its grace: it is served stale where that is allowed, and loaded again. Loads of the
   * key that run are overtaken.
   */
  async expire(key: Key): Promise<Receipt> {
    const core = this.#core
    const canonical = canonicalKey(key)
    await useCore(core)
    return expireKey(core, canonical, core.settings.policy)
  }

  /** Removes a key everywhere. Once it has resolved, no value whose load began before is served for it. */
  async delete(key: Key): Promise<Receipt> {
    return this.deleteMany([key])
  }

  /** Removes keys everywhere, in one round trip per server. */
  async deleteMany(keys: readonly Key[]): Promise<Receipt> {
    const core = this.#core
    if (!Array.isArray(keys)) throw invalidOption('keys', 'a list', keys)
    const canonical = [...new Set(keys.map(canonicalKey))]
    await useCore(core)
    return (await dropKeys(core, canonical)).receipt
  }

  /**
   * Makes everything unusable that carries one of the tags, in every process: one small write, whatever the number of entries.
   */
  async invalidateTags(tags: string | readonly string[]): Promise<Receipt> {
    const core = this.#core
    const list = typeof tags === 'string' ? [tags] : tags
    if (!Array.isArray(list)) throw invalidOption('tags', 'a tag or a list of tags', tags)
    const unique = [...new Set<string>(list)]
    for (const tag of unique) assertTag(tag)
    await useCore(core)
    return invalidateTags(core, unique)
  }

  /** Empties this namespace on every store, and nothing else. */
  async clear(): Promise<Receipt> {
    const core = this.#core
    await useCore(core)
    return clearAll(core)
  }

  /**
   * The function behind the cache: same arguments, its result kept under its name and arguments.
   *
   * @throws {CacheError} `CACHE_OPTION_INVALID` when the function has no name and none is given.
   */
  wrap<Fn extends (...args: never[]) => unknown>(
    fn: Fn,
    options: WrapOptions<Parameters<Fn>> = {},
  ): (...args: Parameters<Fn>) => Promise<Awaited<ReturnType<Fn>>> {
    if (typeof fn !== 'function') throw invalidOption('fn', 'a function', fn)
    const { name = fn.name, key, tags, ...rest } = options
    if (typeof name !== 'string' || name === '') {
      throw invalidOption('name', 'given, since the function has no name of its own', name)
    }
    const core = this.#core
    const common: GetOrSetOptions = Array.isArray(tags)
      ? { ...rest, tags: tags as readonly string[] }
      : rest
    resolvePolicy(core.settings.policy, common)
    return (...args) => {
      const of: GetOrSetOptions =
        typeof tags === 'function' ? { ...common, tags: tags(...args) } : common
      const load = () => fn(...args) as Promise<Awaited<ReturnType<Fn>>>
      return this.getOrSet([name, key === undefined ? args : key(...args)], load, of)
    }
  }

  /**
   * Refreshes a declared set of keys ahead of expiry, on one process at a time, until it is stopped or the cache is closed. Progress
   * is told by `warm` events, failures by `error` events.
   */
  keepWarm<T>(name: string, options: WarmOptions<T>): Warming {
    assertOpen(this.#core)
    return keepWarm(this.#core, this, name, options)
  }

  /** Listens; returns what ends it. */
  on<Name extends CacheEventName>(
    name: Name,
    listener: (event: CacheEvents[Name]) => void,
  ): () => void {
    if (typeof listener !== 'function')
      throw invalidOption('listener', `a function, not ${describe(listener)}`, listener)
    this.#core.events.on(name, listener)
    return () => this.off(name, listener)
  }

  off<Name extends CacheEventName>(name: Name, listener: (event: CacheEvents[Name]) => void): void {
    this.#core.events.off(name, listener)
  }

  /** Counters since the cache was made. */
  stats(): CacheStats {
    return statsOf(this.#core)
  }

  /** What each tier holds for a key, how fresh, under which tags, who is loading it, and why a read would hit or miss. */
  async inspect(key: Key): Promise<Inspection> {
    const core = this.#core
    const canonical = canonicalKey(key)
    await useCore(core)
    return inspectKey(core, canonical)
  }

  /**
   * Lets running loads and fills finish (bounded by `closeTimeout`), delivers what is pending if it can, and ends connections that
   * the cache opened. Nothing is left that keeps the process alive. Calling it again waits for the same end.
   */
  close(): Promise<void> {
    this.#closing ??= closeCore(this.#core)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function withTags(policy: Policy, tags: readonly string[]): Policy {
  for (const tag of tags) assertTag(tag)
  return { ...policy, tags: [...new Set([...policy.tags, ...tags])] }
}
