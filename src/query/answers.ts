import { CacheError } from '../base/errors.js'
import type { Listeners } from '../base/listeners.js'
import { coreOf, type Cache } from '../cache/cache.js'
import type { Core } from '../cache/core.js'
import type { LoaderContext } from '../cache/context.js'
import { dependOn, mustNotKeep } from '../cache/depend.js'
import { atHand } from '../cache/near-hit.js'
import type { GetOrSetOptions, LifetimeOptions } from '../cache/options.js'
import { survey } from '../store/value-walk.js'
import type { Commits } from './commits.js'
import type { Plan, Refused } from './plan.js'
import type { Named, Plans } from './plans.js'
import { readTags, type ReadTags } from './reads.js'
import type { Scopes } from './scope.js'
import type { Execute, LoadAdvice, Query, QueryEvents } from './types.js'
import { valuesIn } from './write.js'

/** What a load returns whose answer is for nobody else: they ask for themselves. It is never kept. */
const ALONE = 'keepfresh:alone'

export interface AnswersOptions {
  readonly cache: Cache
  readonly scopes: Scopes
  readonly plans: Plans
  readonly commits: Commits
  readonly listeners: Listeners<QueryEvents>
  readonly lifetime: LifetimeOptions
  readonly isEmpty: (answer: unknown) => boolean
}

/** A read that may be answered from the cache. */
export interface Cacheable {
  readonly key: string
  readonly named: Named
  readonly plan: Plan
}

/** Reads through the cache. */
export class Answers {
  readonly #options: AnswersOptions
  readonly #core: Core

  constructor(options: AnswersOptions) {
    this.#options = options
    this.#core = coreOf(options.cache)
  }

  /** The answer in process memory to a query without options, for one that was asked before: everything that a hit costs. */
  hit(sql: string, params: readonly unknown[]): Promise<unknown> | undefined {
    if (this.#core.near === undefined) return undefined
    const scope = this.#options.scopes.current()
    const key = scope === undefined ? undefined : this.#options.plans.ready(sql, params, scope)
    return key === undefined ? undefined : atHand(this.#core, key)
  }

  /** The answer in process memory, for a text that was planned before. */
  atHand(query: Query): Promise<unknown> | undefined {
    const { plans, scopes } = this.#options
    if (query.cache !== undefined || this.#core.near === undefined) return undefined
    const plan = plans.at(query)
    if (plan === undefined || plan.refused !== undefined || query.parsers === null) return undefined
    const scope = scopes.current()
    if (scope === undefined || (plan.personal && !scope.personal)) return undefined
    const named = plans.named(plan, scope, query)
    return 'key' in named ? atHand(this.#core, named.key) : undefined
  }

  /** Whether an answer may be kept, as far as the statement and its scope tell; else why not. */
  judge(plan: Plan, query: Query): Cacheable | Refused {
    const { scopes, plans } = this.#options
    const { cache } = query
    if (plan.refused !== undefined) return plan.refused
    if (cache === false || cache?.bypass === true) return { why: 'bypass', detail: 'asked for' }
    if (query.parsers === null) return { why: 'parsers', detail: 'parsers without a name' }
    const scope = cache?.scope === undefined ? scopes.current() : scopes.named(cache.scope)
    if (scope === undefined) return { why: 'scope', detail: 'none at the moment' }
    if (plan.personal && !scope.personal)
      return { why: 'row-security', detail: 'the scope names neither user nor tenant' }
    const named = plans.named(plan, scope, query)
    return 'key' in named ? { key: named.key, named, plan } : named
  }

  tags(plan: Plan, query: Query, named?: Named): ReadTags {
    const believed = !(query.interpolated === true && plan.analysis.params.doubtful)
    // Whether rows are believed is not in the key: the same query may be sent in both ways.
    const known = believed ? named?.tags : undefined
    const { database } = this.#options.scopes
    const made =
      known ?? readTags(plan.reads, database, believed ? valuesIn(query.params) : undefined)
    if (named !== undefined && believed) named.tags = made
    const { tags, absent } = made
    const more = query.cache === false ? undefined : query.cache?.tags
    return more === undefined ? made : { tags: [...tags, ...more], absent }
  }

  /**
   * Answers a read from the cache, or executes it and keeps what it answered.
   *
   * @param ready Asked before a load is executed: false when its connection is not fit for one any more.
   * @param answered Called when it is answered.
   */
  read<T>(
    { key, named, plan }: Cacheable,
    query: Query,
    execute: Execute<T>,
    ready: () => boolean,
    answered?: () => void,
  ): Promise<T> {
    const { cache, commits, lifetime, isEmpty } = this.#options
    const { tags, absent } = this.tags(plan, query, named)
    let own: { readonly answer: T } | undefined
    const alone = (context: LoaderContext): string => {
      context.skip()
      return ALONE
    }
    const load = async (context: LoaderContext): Promise<T | string> => {
      if (!ready()) return alone(context)
      let advice: LoadAdvice | undefined
      if (commits.guarded) {
        advice = await this.#advice(plan, [...tags, ...absent])
        // Behind a stale answer its caller goes on meanwhile, and may have begun a transaction.
        if (!ready()) return alone(context)
      }
      let shared = advice?.keep !== false
      const answer = await execute({
        purpose: 'load',
        from: advice?.primary === true ? 'primary' : 'any',
        position: advice?.position,
        alone: () => (shared = false),
      })
      if (!shared || !this.#isKeepable(answer, query)) {
        own = { answer }
        return alone(context)
      }
      if (absent.length > 0 && isEmpty(answer)) context.tag(...absent)
      return answer
    }
    return cache.getOrSet<T | string>(key, load, optionsOf(query, lifetime, tags)).then(
      (value): T | PromiseLike<T> => {
        answered?.()
        if (value !== ALONE) return value as T
        return own === undefined
          ? execute({ purpose: 'pass', from: 'any', alone: () => {} })
          : own.answer
      },
      (error: unknown) => {
        answered?.()
        throw error
      },
    )
  }

  async #advice(plan: Plan, tags: readonly string[]): Promise<LoadAdvice> {
    const { commits, scopes } = this.#options
    const tables = plan.reads.map(({ table }) => table)
    let keep = true
    let primary = false
    let position: bigint | undefined
    for (const hook of commits.hooks) {
      const advice = await hook.beforeLoad?.({ database: scopes.database, tables, tags })
      if (advice?.keep === false) keep = false
      if (advice?.primary === true) primary = true
      if ((advice?.position ?? -1n) > (position ?? -1n)) position = advice?.position
    }
    return { keep, primary, position }
  }

  /** A value of a class that no store keeps faithfully must not fail the query. */
  #isKeepable(answer: unknown, query: Query): boolean {
    const { settings, remotes } = this.#core
    if (settings.codec !== undefined) return true
    if (settings.values === 'share' && remotes.length === 0) return true
    try {
      survey(answer)
      return true
    } catch (error) {
      if (!(error instanceof CacheError)) throw error
      this.refused(query, { why: 'value', detail: error.message })
      return false
    }
  }

  /** Tells that a read is passed through. */
  refused({ sql }: Query, { why, detail }: Refused): void {
    const { listeners } = this.#options
    if (listeners.wants('refused')) listeners.emit('refused', { sql, why, detail })
  }

  /**
   * What is being made here depends on a read that is passed through: on its tables, where they are known, else on all of the
   * database; and within a transaction, which may see what is never committed, it must not be kept.
   */
  depend(plan: Plan, query: Query, inTransaction: boolean): Promise<void> | undefined {
    if (inTransaction) {
      mustNotKeep()
      return undefined
    }
    return dependOn(this.#core, this.tags(plan, query).tags)
  }
}

function optionsOf(
  { cache }: Query,
  lifetime: LifetimeOptions,
  tags: readonly string[],
): GetOrSetOptions {
  if (cache === undefined || cache === false) return { ...lifetime, tags }
  const { bypass: _bypass, scope: _scope, tags: _tags, ...own } = cache
  return { ...lifetime, ...own, tags }
}

/** Whether an answer has no rows, as far as it shows; yes in doubt. */
export function isEmptyAnswer(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return true
  const rows: unknown = Array.isArray(answer) ? answer : (answer as { rows?: unknown }).rows
  if (!Array.isArray(rows) || rows.length === 0) return true
  // mysql2 answers `[rows, fields]`.
  const [first] = rows as readonly unknown[]
  return Array.isArray(answer) && Array.isArray(first) && first.length === 0
}
