import { assertTag } from '../../src/base/stable-key.js'
import type { Explanation, TableChange } from '../../src/query/index.js'
import type { Connection } from './connection.js'
import type { SqliteCacheEvents, SqliteCacheStats } from './events.js'
import { explain } from './explain.js'

/** What the cache of one database can be told and asked: `db.cached`. */
export interface SqliteCache {
  /** Why a statement is cached or not, under which key and tags, and what would invalidate it. Runs nothing. */
  explain(sql: string, ...values: readonly unknown[]): Explanation
  /** Rows were changed in a way that no statement shows: by the names of tables, or with their rows. */
  changed(...changes: readonly (string | TableChange)[]): void
  /** Lets go of all answers with one of these tags, given with `prepare(sql, { cache: { tags } })` or shown by `explain`. */
  invalidateTags(tags: readonly string[]): void
  /** Looks for writes of other connections now, as each read does. */
  look(): void
  /** Lets go of everything, and reads the definitions again. */
  clear(): void
  stats(): SqliteCacheStats
  /** Listens; returns what ends it. */
  on<Name extends keyof SqliteCacheEvents>(
    name: Name,
    listener: (event: SqliteCacheEvents[Name]) => void,
  ): () => void
}

export function createCached(connection: Connection): SqliteCache {
  const { answers, counts, events, plans } = connection
  return Object.freeze({
    explain: (sql, ...values) => explain(connection, plans.make(sql, '', {}), values),
    changed: (...changes) => connection.told(changes),
    invalidateTags(tags) {
      for (const tag of tags) assertTag(tag)
      connection.invalidateTags(tags)
    },
    look() {
      if (connection.isOpen && !connection.client.inTransaction()) connection.lookAround()
    },
    clear: () => connection.reset(),
    stats: () => ({
      ...counts,
      evictions: answers.evictions,
      entries: answers.size,
      bytes: answers.bytes,
    }),
    on: (name, listener) => events.on(name, listener),
  } satisfies SqliteCache)
}
