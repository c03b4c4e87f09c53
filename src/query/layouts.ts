import type { TableLayout } from './change.js'
import type { Partitions } from './partitions.js'
import { tableName, type Catalogue } from './sql/index.js'

/** The tables of a database as tags know them: which one a name stands for, and what its rows are told apart by. */
export interface Layouts {
  /** The tables that a name, as written in SQL or as `schema.name`, stands for: the topmost of its family. Empty when there is none. */
  roots(name: string): readonly string[]
  /** By the topmost table. */
  layout(table: string): TableLayout | undefined
}

/**
 * @param declared Partition columns by table, a table named as in `roots`.
 */
export function createLayouts(
  catalogue: Catalogue,
  declared: Partitions,
  searchPath: readonly string[],
): Layouts {
  const { relations } = catalogue
  const parents = new Set([...relations.values()].flatMap((relation) => relation.parents))
  const folded = new Map(
    catalogue.dialect === 'postgres' ? [] : [...relations.keys()].map((k) => [k.toLowerCase(), k]),
  )
  const at = (key: string): string | undefined =>
    relations.has(key) ? key : folded.get(key.toLowerCase())
  const topmost = (key: string, depth = 0): readonly string[] => {
    const parents = relations.get(key)?.parents ?? []
    if (parents.length === 0 || depth > 32) return [key]
    return [...new Set(parents.flatMap((parent) => topmost(parent, depth + 1)))]
  }
  const roots = (name: string): readonly string[] => {
    const path = partsOf(name)
    const found =
      path.length > 1
        ? at(tableName(path.at(-2)!, path.at(-1)!))
        : searchPath
            .map((schema) => at(tableName(schema, path[0] ?? '')))
            .find((key) => key !== undefined)
    return found === undefined ? [] : topmost(found)
  }
  const byTable = new Map<string, readonly string[]>()
  for (const [name, columns] of Object.entries(declared)) {
    for (const key of roots(name)) byTable.set(key, columns)
  }
  const layouts = new Map<string, TableLayout>()
  return {
    roots,
    layout(key) {
      const known = layouts.get(key)
      if (known !== undefined) return known
      const relation = relations.get(key)
      if (relation === undefined) return undefined
      const columnsOf = (names: readonly string[]) =>
        names.flatMap((name) => relation.columns.find((column) => column.name === name) ?? [])
      const primary = columnsOf(relation.primaryKey)
      const layout: TableLayout = Object.freeze({
        table: key,
        key: primary.length === relation.primaryKey.length ? primary : [],
        partitions: columnsOf(byTable.get(key) ?? []),
        family: parents.has(key) || relation.parents.length > 0,
      })
      layouts.set(key, layout)
      return layout
    },
  }
}

/** The parts of a dotted name, where quotes may stand around a part. */
function partsOf(name: string): string[] {
  const parts = name.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [name]
  return parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  )
}
