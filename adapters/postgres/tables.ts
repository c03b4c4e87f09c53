import { invalidOption } from '../../src/base/errors.js'
import {
  tableName,
  type Catalogue,
  type CatalogueRelation,
  type Column,
} from '../../src/query/sql/index.js'

/** A table whose changes are told, and which of its columns are told with them. */
export interface WatchedTable {
  readonly schema: string
  readonly name: string
  /** The columns of the primary key, where their values can tell rows apart; else empty. */
  readonly key: readonly string[]
  /** Columns that say which partition of the cached answers a row belongs to. */
  readonly partitions: readonly string[]
}

/** Which tables of a database are watched. */
export interface TableSelection {
  /** `orders` or `shop.orders`, a bare name standing for one in `schemas`. Default: all tables of `schemas`. */
  readonly tables?: readonly string[] | undefined
  /** Default: `['public']`. */
  readonly schemas?: readonly string[] | undefined
  /** Partition columns by table, as given to `createQueries`: `{ orders: ['org_id'] }`. Default: none. */
  readonly partitions?: Readonly<Record<string, readonly string[]>> | undefined
}

/**
 * The tables that a selection means, partitions of tables among them, since one may be written by its own name.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a table or column that the database does not have.
 */
export function selectTables(catalogue: Catalogue, selection: TableSelection): WatchedTable[] {
  const schemas = selection.schemas ?? ['public']
  const all = [...catalogue.relations.values()].filter(isWatchable)
  const named = selection.tables?.map((name) => find(all, schemas, name, 'tables'))
  const chosen = named
    ? all.filter((relation) => named.some((top) => isWithin(catalogue, relation, top)))
    : all.filter((relation) => schemas.includes(relation.schema))
  const partitions = Object.entries(selection.partitions ?? {}).map(([name, columns]) => ({
    top: find(all, schemas, name, 'partitions'),
    columns,
  }))
  return chosen
    .map((relation) => {
      const declared = partitions.filter(({ top }) => isWithin(catalogue, relation, top))
      return watched(
        relation,
        declared.flatMap(({ columns }) => columns),
      )
    })
    .toSorted((a, b) => (tableName(a.schema, a.name) < tableName(b.schema, b.name) ? -1 : 1))
}

function isWatchable(relation: CatalogueRelation): boolean {
  return relation.kind === 'table' && !relation.temporary
}

function find(
  all: readonly CatalogueRelation[],
  schemas: readonly string[],
  name: string,
  option: string,
): CatalogueRelation {
  const found =
    all.find((relation) => tableName(relation.schema, relation.name) === name) ??
    schemas
      .map((schema) => all.find((r) => r.schema === schema && r.name === name))
      .find((relation) => relation !== undefined)
  if (found === undefined)
    throw invalidOption(option, `tables that exist in ${schemas.join(', ')}`, name)
  return found
}

function isWithin(
  catalogue: Catalogue,
  relation: CatalogueRelation,
  top: CatalogueRelation,
): boolean {
  if (relation === top) return true
  return relation.parents.some((parent) => {
    const above = catalogue.relations.get(parent)
    return above !== undefined && isWithin(catalogue, above, top)
  })
}

function watched(relation: CatalogueRelation, partitions: readonly string[]): WatchedTable {
  const { schema, name, columns, primaryKey } = relation
  const column = (wanted: string): Column => {
    const found = columns.find((c) => c.name === wanted)
    if (found === undefined)
      throw invalidOption('partitions', `columns of ${tableName(schema, name)}`, wanted)
    return found
  }
  const telling = (c: Column): boolean => c.comparison.as !== 'none'
  const key = primaryKey.map(column)
  return {
    schema,
    name,
    key: key.every(telling) ? primaryKey : [],
    partitions: [...new Set(partitions)].filter((each) => telling(column(each))),
  }
}
