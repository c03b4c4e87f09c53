import { invalidOption } from '../base/errors.js'
import { toMilliseconds } from '../base/duration.js'
import { Listeners } from '../base/listeners.js'
import { coreOf } from '../cache/cache.js'
import { LIFETIME_OPTIONS, resolvePolicy, type LifetimeOptions } from '../cache/options.js'
import { Answers, isEmptyAnswer } from './answers.js'
import { CatalogueHolder, type Known } from './catalogue-holder.js'
import { keyText, type RowKey } from './change.js'
import { Commits } from './commits.js'
import { Connection, type ConnectionHost } from './connection.js'
import { explain } from './explain.js'
import { readPartitions } from './partitions.js'
import type { Plan } from './plan.js'
import { Plans } from './plans.js'
import { replicaHooks } from './replica.js'
import { resolveScopes } from './scope.js'
import { analyze, type Analysis } from './sql/index.js'
import { strictHooks } from './strict.js'
import { definitionsTag, rowTag, tableTag } from './tags.js'
import { noPending, type Pending } from './transaction.js'
import type {
  ConnectionOptions,
  Execute,
  Queries,
  QueriesOptions,
  Query,
  RunOptions,
  QueryEvents,
} from './types.js'

const ALONE: RunOptions = {}
const MAX_AGE_MS = 5 * 60_000
const OPTIONS = [
  'cache',
  'dialect',
  'scope',
  'database',
  'describe',
  'searchPath',
  'analyze',
  'loadAnalyzer',
  'partitions',
  'catalogueMaxAge',
  'sameSettings',
  'encode',
  'defaultParsers',
  'isEmpty',
  'consistency',
  'markFor',
  'replica',
  'hooks',
] as const

/**
 * Makes the queries of a database cached: reads are kept under the hash of all they depend on, with tags of the rows, partitions or
 * tables they read, and writes invalidate what they can touch when they are permanent. What is not understood is never kept, and
 * invalidates everything when it may have written.
 *
 * It has no client in it: pools (`keepfresh/pg` and its like) are translations to it.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function createQueries(options: QueriesOptions): Queries {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', 'an object', options)
  assertNames(options)
  const { cache, dialect, sameSettings = false } = options
  const core = coreOf(cache)
  if (!['postgres', 'mysql', 'sqlite'].includes(dialect))
    throw invalidOption('dialect', "'postgres', 'mysql' or 'sqlite'", dialect)
  if (options.scope === undefined)
    throw invalidOption(
      'scope',
      'given: a name for the server, database, user, search_path and tenant that answers depend on',
      options.scope,
    )
  const partitions = readPartitions(options.partitions ?? {}, dialect)
  if (![undefined, 'eventual', 'strict'].includes(options.consistency))
    throw invalidOption('consistency', "'eventual' or 'strict'", options.consistency)
  const lifetime = lifetimeOf(options)
  resolvePolicy(core.settings.policy, lifetime)
  const scopes = resolveScopes(options.scope, options.database)
  const listeners = new Listeners<QueryEvents>()
  let read = options.analyze ?? ((sql: string): Analysis => analyze(sql, dialect))

  const holder = new CatalogueHolder({
    dialect,
    describe: options.describe as ConstructorParameters<typeof CatalogueHolder>[0]['describe'],
    searchPath: options.searchPath,
    partitions,
    maxAgeMs:
      options.catalogueMaxAge === undefined
        ? MAX_AGE_MS
        : toMilliseconds(options.catalogueMaxAge, 'catalogueMaxAge'),
    clock: core.clock,
    prepare:
      options.loadAnalyzer &&
      (() =>
        options.loadAnalyzer!().then(
          (loaded) => void (read = loaded),
          () => {},
        )),
    onLoaded: (known, before, reason, ms) => {
      listeners.emit('catalogue', { reason, relations: known.catalogue.relations.size, ms })
      // Somebody else changed a definition, and may have written before this process knew what follows from a write.
      if (before !== undefined && before.digest !== known.digest && reason === 'age')
        void changedAll('another definition')
    },
    onError: (error) => listeners.emit('error', { error, operation: 'describe' }),
  })
  const plans = new Plans({
    dialect,
    holder,
    sameSettings,
    encode: options.encode,
    defaultParsers: options.defaultParsers,
    analyze: (sql) => read(sql),
  })
  const { database } = scopes
  const commits = new Commits({ cache, database, holder, partitions, listeners })
  const onError = (error: unknown): void => listeners.emit('error', { error, operation: 'hook' })
  const strict =
    options.consistency === 'strict'
      ? [strictHooks({ cache, markFor: options.markFor, onError })]
      : []
  const replica =
    options.replica === undefined ? [] : [replicaHooks(cache, options.replica, onError)]
  commits.hooks = [...strict, ...replica, ...(options.hooks ?? [])]
  const answers = new Answers({
    cache,
    scopes,
    plans,
    commits,
    listeners,
    lifetime,
    isEmpty: options.isEmpty ?? isEmptyAnswer,
  })
  const host: ConnectionHost = {
    dialect,
    plans,
    answers,
    commits,
    prepared: new Map(),
    unknown: (sql, detail) => listeners.emit('unknown-write', { sql, detail }),
    refresh(plan) {
      if (isWorthLoading(plan)) void holder.load()
    },
  }

  // Another process changed a definition, or another pool of this one.
  const definitions = definitionsTag(database)
  core.events.on('invalidate', ({ tags, remote, all: cleared }) => {
    if (tags?.includes(definitions) === true || (remote && cleared === true))
      holder.outdate(remote ? 'told by another process' : 'told by another pool')
  })

  /** Whether a plan would be another one after a load that is due. One that is only old is loaded behind the query. */
  function isWorthLoading({ resolved, analysis }: Plan): boolean {
    if (resolved !== undefined && resolved.missing.length > 0 && holder.miss(resolved.missing))
      return true
    if (analysis.kind === 'tx' || analysis.kind === 'session' || !holder.due) return false
    if (holder.current === undefined) return true
    void holder.load()
    return false
  }

  async function planned(query: Query): Promise<Plan> {
    let plan = plans.of(query)
    if (isWorthLoading(plan)) {
      await holder.load()
      plan = plans.of(query)
    }
    return plan
  }

  /** A statement on nobody's connection: it is followed as the only one of a connection of its own. */
  function runAlone<T>(query: Query, execute: Execute<T>, how: RunOptions): Promise<T> {
    const plan = plans.of(query)
    return isWorthLoading(plan)
      ? planned(query).then((later) => runPlanned(later, query, execute, how))
      : runPlanned(plan, query, execute, how)
  }

  function runPlanned<T>(
    plan: Plan,
    query: Query,
    execute: Execute<T>,
    { followed, reading }: RunOptions,
  ): Promise<T> {
    if (followed !== true) return new Connection(host, {}).run(query, execute)
    const judged = answers.judge(plan, query)
    if (!('key' in judged)) return passThrough(execute)
    return answers.read(judged, query, execute, () => true, reading?.())
  }

  async function passThrough<T>(execute: Execute<T>): Promise<T> {
    return execute({ purpose: 'pass', from: 'any', alone: () => {} })
  }

  function run<T>(query: Query, execute: Execute<T>, how?: RunOptions): Promise<T> {
    try {
      const hit = answers.atHand(query) as Promise<T> | undefined
      return hit ?? runAlone(query, execute, how ?? ALONE)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async function invalidate(pending: Pending, reason: string) {
    if (pending.redefined) holder.outdate(reason)
    const receipt = await commits.invalidate(commits.commit(pending, undefined), reason)
    return receipt ?? { pending: true, delivered: Promise.resolve() }
  }

  function changedAll(reason: string) {
    return invalidate({ ...noPending(), everything: reason }, reason)
  }

  async function known(): Promise<Known | undefined> {
    return (await holder.load()) ?? holder.latest
  }

  return Object.freeze({
    cache,
    dialect,
    database,
    run,
    atHand(sql: string, params: readonly unknown[]) {
      try {
        return answers.hit(sql, params)
      } catch {
        // `run` says what is wrong.
        return undefined
      }
    },
    explain: async (query: Query) => explain(await planned(query), query, { answers, commits }),
    async changed(changes, reason = 'a writer outside') {
      await known()
      return invalidate({ ...noPending(), changes: [...commits.rooted(changes)] }, reason)
    },
    changedAll,
    redefined: (reason) => invalidate({ ...noPending(), redefined: true }, reason),
    connection: <T>(how: ConnectionOptions<T> = {}) =>
      new Connection(host, how as ConnectionOptions),
    use(hooks) {
      commits.hooks = [...commits.hooks, hooks]
      return () => {
        commits.hooks = commits.hooks.filter((one) => one !== hooks)
      }
    },
    on: (name, listener) => listeners.on(name, listener),
    async tag(table: string, row?: RowKey) {
      const now = await known()
      const [root, second] = now?.roots(table) ?? []
      if (root === undefined || second !== undefined)
        throw invalidOption('table', 'a table of the database', table)
      if (row === undefined) return tableTag(database, root)
      const layout = now?.layout(root)
      const key = layout && keyText(layout.key, typeof row === 'object' ? row : [row])
      if (key === undefined)
        throw invalidOption('row', `a value of the primary key of ${root}`, row)
      return rowTag(database, root, key)
    },
  } satisfies Queries)
}

function lifetimeOf(options: QueriesOptions): LifetimeOptions {
  const fractions: readonly string[] = ['jitter', 'earlyRefresh']
  return Object.fromEntries(
    LIFETIME_OPTIONS.flatMap((name) => {
      const value = options[name]
      if (value === undefined) return []
      // Durations become numbers once, not at each query.
      return [[name, fractions.includes(name) ? value : toMilliseconds(value, name)]]
    }),
  )
}

function assertNames(options: QueriesOptions): void {
  const known: readonly string[] = [...OPTIONS, ...LIFETIME_OPTIONS]
  for (const [name, value] of Object.entries(options))
    if (!known.includes(name)) throw invalidOption(name, `one of ${known.join(', ')}`, value)
}
