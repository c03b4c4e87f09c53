export { analyze } from './analyze.js'
export { canonicalValue } from './catalogue/comparison.js'
export { readCatalogue, type CatalogueRow } from './catalogue/build.js'
export { CATALOGUE_SQL, SEARCH_PATH_SQL, sqliteCatalogueSql } from './catalogue/queries.js'
export { createResolver, type Resolved, type Resolver } from './catalogue/resolve.js'
export type { ResolvedEquality } from './catalogue/rows.js'
export { tableName } from './catalogue/types.js'
export type {
  Catalogue,
  CatalogueRelation,
  Column,
  Comparison,
  Reference,
  RelationKind,
  Routine,
  Trigger,
} from './catalogue/types.js'
export { loadPostgresAnalyzer, type PostgresParser } from './libpg.js'
export { dependsOnNow } from './moments.js'
export type {
  Analysis,
  Assignment,
  Change,
  Dialect,
  Equality,
  Kind,
  Operation,
  Params,
  Reason,
  Refusal,
  Relation,
  TransactionStep,
  Value,
} from './types.js'
