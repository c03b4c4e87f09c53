import { toBytes, type ByteSize } from '../../src/base/byte-size.js'
import { toMilliseconds, type Duration } from '../../src/base/duration.js'
import { describe, invalidOption } from '../../src/base/errors.js'
import { assertTag } from '../../src/base/stable-key.js'
import { readPartitions, type Partitions } from '../../src/query/partitions.js'

/** How answers of one SQLite connection are kept. */
export interface SqliteCacheOptions {
  /** How long an answer is kept at most. Default: `Infinity`, because every writer is noticed. */
  readonly ttl?: Duration
  /** The most answers kept. `Infinity` leaves it to `maxBytes`. Default: 10,000. */
  readonly maxEntries?: number
  /** The most that all kept answers may weigh. `Infinity` leaves it to `maxEntries`. Default: 64 MiB. */
  readonly maxBytes?: ByteSize
  /**
   * Columns whose value a read names to see its part of a table only, by table: `{ orders: ['org_id'] }`, a table named as in SQL
   * (`archive.orders` in an attached file). A write within one value then leaves the answers of the others. Default: none.
   */
  readonly partitions?: Readonly<Record<string, readonly string[]>>
  /**
   * `'freeze'`: all callers get the same frozen rows, which costs nothing, and whoever changes one gets a TypeError; rows with bytes in
   * them are copied for each. `'copy'`: each caller gets rows of its own and may change them, as it may those of the database; with
   * `node:sqlite`, whose rows have no prototype, a copy costs about as much as reading the row. Default: `'freeze'`.
   */
  readonly values?: 'copy' | 'freeze'
  /**
   * Promises that no other connection writes to the file, so that a hit does not have to ask (it asks with `PRAGMA data_version`, 2
   * to 6 µs). Writes of another connection are then not noticed. Default: false.
   */
  readonly onlyWriter?: boolean
  /**
   * How often to look for writes of other connections besides at each read. Only what is made from answers and kept elsewhere
   * (a page, an object) needs it, because it is read without asking here. Default: `Infinity`, not at all.
   */
  readonly watch?: Duration
  /** The name of the database in tags, where one cache keeps what was made from several. Default: `'sqlite'`. */
  readonly database?: string
}

/** For one statement, beside its text: `db.prepare(sql, { cache: { ttl: '1m' } })`. */
export interface StatementCacheOptions {
  /** Instead of the `ttl` of the database. */
  readonly ttl?: Duration
  /** Tags of its answers besides those of its tables, for `db.cached.invalidateTags`. */
  readonly tags?: readonly string[]
  /** Never answers it from kept answers, nor keeps what it answers. */
  readonly bypass?: boolean
  /** Which tables it changes, for a write that cannot be understood. Everything else stays. */
  readonly invalidates?: readonly string[]
}

/** The options with every field present. */
export interface Settings {
  readonly ttlMs: number
  readonly maxEntries: number
  readonly maxBytes: number
  readonly partitions: Partitions
  readonly values: 'copy' | 'freeze'
  readonly onlyWriter: boolean
  readonly watchMs: number
  readonly database: string
}

const DEFAULTS = {
  ttl: Infinity,
  maxEntries: 10_000,
  maxBytes: 64 * 1024 * 1024,
  partitions: {},
  values: 'freeze',
  onlyWriter: false,
  watch: Infinity,
  database: 'sqlite',
} as const
const STATEMENT = new Set(['ttl', 'tags', 'bypass', 'invalidates'])

/** @throws {CacheError} `CACHE_OPTION_INVALID` for an option that is unknown or not what its documentation asks for. */
export function resolveOptions(options: SqliteCacheOptions): Settings {
  const given: unknown = options
  if (typeof given !== 'object' || given === null)
    throw invalidOption('options', 'an object', given)
  refuseUnknown(options, new Set(Object.keys(DEFAULTS)))
  const { maxEntries, partitions, values, onlyWriter, database } = {
    ...DEFAULTS,
    ...defined(options),
  }
  if (typeof database !== 'string' || database === '')
    throw invalidOption('database', 'a name', database)
  if (values !== 'copy' && values !== 'freeze')
    throw invalidOption('values', "'copy' or 'freeze'", values)
  if (typeof onlyWriter !== 'boolean') throw invalidOption('onlyWriter', 'a boolean', onlyWriter)
  const maxBytes = toBytes(options.maxBytes ?? DEFAULTS.maxBytes, 'maxBytes')
  return Object.freeze({
    ttlMs: toMilliseconds(options.ttl ?? DEFAULTS.ttl, 'ttl'),
    maxEntries,
    maxBytes,
    partitions: readPartitions(partitions, 'sqlite'),
    values,
    onlyWriter,
    watchMs: watchMs(options.watch ?? DEFAULTS.watch),
    database,
  })
}

function watchMs(watch: Duration): number {
  const ms = toMilliseconds(watch, 'watch')
  if (ms < 1) throw invalidOption('watch', 'at least a millisecond', watch)
  return ms
}

/** @throws {CacheError} `CACHE_OPTION_INVALID`, as {@link resolveOptions}. */
export function checkStatementOptions(options: StatementCacheOptions): StatementCacheOptions {
  const given: unknown = options
  if (typeof given !== 'object' || given === null) throw invalidOption('cache', 'an object', given)
  refuseUnknown(options, STATEMENT)
  if (options.ttl !== undefined) toMilliseconds(options.ttl, 'cache.ttl')
  for (const tag of options.tags ?? []) assertTag(tag)
  for (const table of options.invalidates ?? []) {
    if (typeof table !== 'string' || table === '')
      throw invalidOption('cache.invalidates', 'a list of names of tables', table)
  }
  return options
}

function refuseUnknown(options: object, names: ReadonlySet<string>): void {
  for (const name of Object.keys(options)) {
    if (!names.has(name))
      throw invalidOption(name, `one of ${[...names].join(', ')}`, describe(name))
  }
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
