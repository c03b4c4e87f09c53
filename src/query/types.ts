import type { Duration } from '../base/duration.js'
import type { LifetimeOptions } from '../cache/options.js'
import type { Cache } from '../cache/cache.js'
import type { Receipt } from '../cache/change.js'
import type { RowKey, TableChange } from './change.js'
import type { ReplicaOptions } from './replica.js'
import type { ScopeOption, ScopeParts } from './scope.js'
import type { Analysis, Dialect, Reason, Refusal } from './sql/index.js'

/** What is cached of one query, and how. */
export interface QueryCacheOptions extends LifetimeOptions {
  /** More labels to invalidate by, besides those of its tables. */
  readonly tags?: readonly string[] | undefined
  /** Asks the database and leaves the cache alone. Default: false. */
  readonly bypass?: boolean | undefined
  /** Asks the database now and keeps the new answer. Default: false. */
  readonly fresh?: boolean | undefined
  /** The answer belongs to one user, and so does what is made from it. Default: false. */
  readonly private?: boolean | undefined
  /**
   * Names what this answer depends on besides its text and parameters, over the scope of the pool. The one way to have an answer kept
   * that comes from a connection whose session was changed: the caller says that everyone with this scope gets the same.
   */
  readonly scope?: Partial<ScopeParts> | string | undefined
}

/** A statement on its way to the database. */
export interface Query {
  readonly sql: string
  /** In order, or by name. */
  readonly params?: readonly unknown[] | Readonly<Record<string, unknown>> | undefined
  /**
   * The tables that a read depends on, as the caller or its ORM knows them. What the text shows is added to them, and what would keep
   * the answer from being cached only because it is not understood (functions, operators, types, syntax) does not any more.
   */
  readonly tables?: readonly string[] | undefined
  /** What a write changes, instead of what its text shows. */
  readonly invalidates?: readonly (string | TableChange)[] | undefined
  /** Options of this query; `false` leaves the cache alone. */
  readonly cache?: QueryCacheOptions | false | undefined
  /** How rows look, when the client knows several ways: part of the key. */
  readonly rowMode?: string | undefined
  /** A name for the way values become JavaScript, part of the key; `null` for one that has no name: then the answer is not kept. */
  readonly parsers?: string | null | undefined
  /** The client puts the values into the text by itself, so nothing is believed about rows where a `?` may stand in a string. */
  readonly interpolated?: boolean | undefined
}

/** What runs a statement: given to `run` by whoever has the connection. */
export type Execute<T> = (context: ExecuteContext) => T | PromiseLike<T>

export interface ExecuteContext {
  /** `load`: the answer is kept for others, so it must come from a connection as new. `pass`: it is for this caller only. */
  readonly purpose: 'load' | 'pass'
  /** Where the answer may come from: `primary` when a replica has not caught up with what was written. */
  readonly from: 'any' | 'primary'
  /** Where it comes from a replica: the position of the log that this has to have reached. */
  readonly position?: bigint | undefined
  /** Said by a load whose answer must not be kept, nor given to others who wait for it: they ask for themselves. */
  readonly alone: () => void
}

/** What a change will be when it is permanent. The same object from before the COMMIT to its end. */
export interface Commit {
  /** Empty with `everything`, when it is not known what changes. */
  readonly changes: readonly TableChange[]
  /** The tables of the changes, by `tableName`, each once. */
  readonly tables: readonly string[]
  readonly everything: boolean
  /** What will be invalidated. */
  readonly tags: readonly string[]
  readonly connection: QueryConnection | undefined
}

/** `unknown`: the connection was lost, or the answer does not say. It is treated as committed. */
export type CommitOutcome = 'committed' | 'rolled-back' | 'unknown'

/** A load that is about to be executed. */
export interface LoadAhead {
  readonly database: string
  /** The tables read, by `tableName`. */
  readonly tables: readonly string[]
  /** The tags it carries, with those that it will carry if nothing is found. */
  readonly tags: readonly string[]
}

export interface LoadAdvice {
  /** False when the answer must not be kept. */
  readonly keep?: boolean | undefined
  /** A replica would answer with what was before. */
  readonly primary?: boolean | undefined
  /** So would one that has not reached this position of the log. */
  readonly position?: bigint | undefined
}

/**
 * Steps around commits and loads, for what is built on the queries: marks before a COMMIT, positions of replicas. They are called in
 * the order they were given; a step that is not there costs nothing.
 */
export interface QueryHooks {
  /**
   * Before a COMMIT that has something to invalidate is sent, and before a write outside of a transaction is. Rejecting keeps it from
   * being sent: the caller gets the error, and the transaction is still open.
   */
  beforeCommit?(commit: Commit): void | PromiseLike<void>
  /** When the answer is there, or will not come; before the tags are invalidated. Not called when `beforeCommit` rejected. */
  afterCommit?(commit: Commit, outcome: CommitOutcome): void | PromiseLike<void>
  /** Before the tags are invalidated: of a commit, or for a writer outside. */
  beforeInvalidate?(commit: Commit): void | PromiseLike<void>
  /**
   * When the tags have been invalidated, or nothing had to be; also, as rolled back, when a step behind this one kept the COMMIT from being
   * sent.
   */
  settled?(commit: Commit, outcome: CommitOutcome): void | PromiseLike<void>
  /** When the versions of a load's tags have been noted, before it is executed. */
  beforeLoad?(load: LoadAhead): LoadAdvice | void | PromiseLike<LoadAdvice | void>
}

/** Why a query is not cached: what its text gives (`Reason`), or what is around it. */
export type NotCached =
  | Reason
  /** `bypass`, or `cache: false`. */
  | 'bypass'
  /** It runs in a transaction, or behind a write of the same connection that is under way. */
  | 'transaction'
  /** The state of its connection was changed, and the caller names no scope. */
  | 'changed-session'
  /** The scope of the moment is undefined. */
  | 'scope'
  /** Rows depend on who asks, and the scope names neither user nor tenant. */
  | 'row-security'
  /** A parameter of a class that has no certain form. */
  | 'parameter'
  /** Parsers without a name. */
  | 'parsers'
  /** A name that the catalogue does not have, or no catalogue at all. */
  | 'unknown-name'
  | 'no-catalogue'
  /** The answer holds something that cannot be kept. */
  | 'value'

export interface Explanation {
  readonly cached: boolean
  /** Why not. */
  readonly why?: NotCached | undefined
  readonly refusals: readonly (Refusal | { readonly reason: NotCached; readonly detail: string })[]
  /** The key an answer is kept under. */
  readonly key?: string | undefined
  /** The tags it carries. */
  readonly tags: readonly string[]
  /** What would make it unusable, in words. */
  readonly invalidatedBy: readonly string[]
  /** The tables it reads, and those it writes. */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** For a write: the tags it makes unusable. */
  readonly invalidates: readonly string[]
}

/** What queries tell their listeners; hits and misses are told by the cache. */
export interface QueryEvents {
  /** A read was passed through, and why. */
  readonly refused: { readonly sql: string; readonly why: NotCached; readonly detail: string }
  /** A statement was not understood, so everything of the database was invalidated. */
  readonly 'unknown-write': { readonly sql: string; readonly detail: string }
  /** The catalogue was loaded. */
  readonly catalogue: { readonly reason: string; readonly relations: number; readonly ms: number }
  /** Tags were invalidated, for the changes of a commit or a writer outside. */
  readonly changed: {
    readonly changes: readonly TableChange[]
    readonly everything: boolean
    readonly tags: readonly string[]
    readonly reason: string
  }
  /** Something failed that no caller is told of. */
  readonly error: { readonly error: unknown; readonly operation: string }
}

export interface ConnectionOptions<T = unknown> {
  /** Whether the server answered a COMMIT by rolling back. Default: it did not. */
  readonly rolledBack?: ((answer: T) => boolean) | undefined
  /** Whether an error leaves open what became of the statement. Default: every error does. */
  readonly isUnknown?: ((error: unknown) => boolean) | undefined
  /** What the client knows of the connection's transaction, after the latest answer; undefined when it does not know. Default: it does not. */
  readonly inTransaction?: (() => boolean | undefined) | undefined
  /** Something was set on it before it was handed over, and `DISCARD ALL` undoes that too. Default: false. */
  readonly told?: boolean | undefined
}

/**
 * What is known of one database connection: its transaction, and whether its session is as new. Whoever has the connection sends every
 * statement through `run`.
 */
export interface QueryConnection {
  /** Neither in a transaction nor with anything under way that may begin one, and its session is as new. */
  readonly plain: boolean
  readonly inTransaction: boolean
  /** Bare names may mean other tables than on a connection as new (`USE`, `search_path`). */
  readonly moved: boolean
  /**
   * Answers a read from the cache where that is allowed, or executes. Changes are collected, and invalidated when they are permanent,
   * before the answer is given.
   */
  run<T>(query: Query, execute: Execute<T>): Promise<T>
  /** A statement whose text is not known or whose answer is not seen is under way; call what is returned when it has ended. */
  begin(sql: string | undefined): (failed?: boolean) => Promise<void>
  /** What has to be waited for before the next statement is sent by any other way than `run`; undefined for nothing. */
  readonly busy: Promise<unknown> | undefined
  /** The connection has ended, or was given back: what is under way has an unknown outcome, and is invalidated. */
  lost(): Promise<void>
}

export interface QueriesOptions extends LifetimeOptions {
  readonly cache: Cache
  readonly dialect: Dialect
  /** What answers depend on besides text and parameters. Required: see `ScopeParts`. */
  readonly scope: ScopeOption
  /** The database's name where `scope` is a function. */
  readonly database?: string | undefined
  /**
   * Runs one statement that reads the database's description of itself, on any connection. Without it only reads are cached whose
   * caller names the tables, and every write that does not say what it `invalidates` invalidates everything.
   */
  readonly describe?:
    ((sql: string) => readonly object[] | PromiseLike<readonly object[]>) | undefined
  /** Where bare names are looked for, in order. Default: what the database says. */
  readonly searchPath?: readonly string[] | undefined
  /** Reads texts. Default: the tokenizer of keepfresh. */
  readonly analyze?: ((sql: string) => Analysis) | undefined
  /** The same, loaded before the first query; the tokenizer reads when it rejects. */
  readonly loadAnalyzer?: (() => Promise<(sql: string) => Analysis>) | undefined
  /** Columns whose value tells parts of a table apart: `{ orders: ['org_id'] }`. Answers bounded to one value go only with writes to it. */
  readonly partitions?: Readonly<Record<string, readonly string[]>> | undefined
  /** The catalogue is loaded again when it is older than this and used. Default: `'5m'`. */
  readonly catalogueMaxAge?: LifetimeOptions['ttl']
  /** Every connection has the same settings (time zone, formats): what depends on them may be kept. Default: false. */
  readonly sameSettings?: boolean | undefined
  /** Turns a parameter of a class of the application's own into a text for the key; undefined when it is none of its classes. */
  readonly encode?: ((value: object) => string | undefined) | undefined
  /**
   * Names the parsers of queries that say nothing of theirs, also on a hit: answers under another name are others. First asked when the
   * catalogue has been loaded.
   */
  readonly defaultParsers?: (() => string) | undefined
  /** Whether an answer has no rows. Default: `rows` of it is empty, or it is an empty list, or it does not show. */
  readonly isEmpty?: ((answer: unknown) => boolean) | undefined
  /**
   * `'strict'`: no read that begins after a commit is answered with what was before it, also when the writer dies between the commit and
   * the invalidation; each commit costs two round trips to the shared store more, and fails before it is sent while that is down. The
   * cache is a shared store without process memory in front of it, or process memory alone. `'eventual'`: a read between a commit
   * and the invalidation that follows may be answered with what was before. Default: `'eventual'`.
   */
  readonly consistency?: 'eventual' | 'strict' | undefined
  /**
   * With `'strict'`: how long answers of what a writer was about to change are not kept after it died, or its connection was lost at
   * COMMIT. Longer than a COMMIT that was sent can take to be carried out. Default: 1 minute.
   */
  readonly markFor?: Duration | undefined
  /** Loads may be answered by a replica (`ExecuteContext.from`): what tells whether it has caught up. Default: there is none. */
  readonly replica?: ReplicaOptions | undefined
  /** Steps around commits and loads. */
  readonly hooks?: readonly QueryHooks[] | undefined
}

export interface RunOptions {
  /**
   * What is passed through goes over a connection that is followed by itself (`connection`), which sees to what it changes. Default:
   * false.
   */
  readonly followed?: boolean | undefined
  /** Called when a read is not at hand; what it returns is called when it is answered. */
  readonly reading?: (() => () => void) | undefined
}

/** The queries of one database: which are cached, and what invalidates them. */
export interface Queries {
  readonly cache: Cache
  readonly dialect: Dialect
  /** The name that tags carry. */
  readonly database: string
  /**
   * A statement that commits by itself, on any connection: a read is answered from the cache where that is allowed; after a write the
   * tags are invalidated before the answer is given.
   */
  run<T>(query: Query, execute: Execute<T>, options?: RunOptions): Promise<T>
  /**
   * The answer that process memory holds for a query without options, as `run` would give it; undefined when it has to be run. For
   * pools, which need not even put a query together for it.
   */
  atHand(sql: string, params: readonly unknown[]): Promise<unknown> | undefined
  /** Why a statement is cached or not, under which key and tags, and what would invalidate it. Executes nothing. */
  explain(query: Query): Promise<Explanation>
  /** Something was written by somebody else. Resolves when no answer from before is served any more. */
  changed(changes: readonly (string | TableChange)[], reason?: string): Promise<Receipt>
  /** Anything may have been written. */
  changedAll(reason: string): Promise<Receipt>
  /** The database's definitions have changed: the catalogue is loaded again before the next use, and all answers go. */
  redefined(reason: string): Promise<Receipt>
  connection<T = unknown>(options?: ConnectionOptions<T>): QueryConnection
  /** Adds steps around commits and loads; returns what takes them out. */
  use(hooks: QueryHooks): () => void
  /** Listens; returns what ends it. */
  on<Name extends keyof QueryEvents>(
    name: Name,
    listener: (event: QueryEvents[Name]) => void,
  ): () => void
  /** Tags by hand, as answers carry them: for `cache.getOrSet` of what is made from rows in other ways. */
  tag(table: string, row?: RowKey): Promise<string>
}
