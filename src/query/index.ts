export { changeTags, keyText, type RowKey, type TableChange, type TableLayout } from './change.js'
export { databaseTag, partitionsTag, partitionTag, rowsTag, rowTag, tableTag } from './tags.js'
export type { ReplicaOptions } from './replica.js'
export type { ResolvedScope, ScopeOption, ScopeParts } from './scope.js'
export type {
  Commit,
  CommitOutcome,
  ConnectionOptions,
  Execute,
  ExecuteContext,
  Explanation,
  LoadAdvice,
  LoadAhead,
  NotCached,
  Queries,
  QueriesOptions,
  Query,
  QueryCacheOptions,
  QueryConnection,
  QueryEvents,
  QueryHooks,
  RunOptions,
} from './types.js'
export { loadPostgresAnalyzer, tableName } from './sql/index.js'
export type { Analysis, Catalogue, Dialect } from './sql/index.js'
export { createQueries } from './queries.js'
