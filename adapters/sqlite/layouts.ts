import type { TableLayout } from '../../src/query/index.js'
import type { Catalogue, Column } from '../../src/query/sql/index.js'
import type { Settings } from './options.js'

export type Layouts = ReadonlyMap<string, TableLayout>

/** What the tags of a table are made by. A table of SQLite is a family of its own. */
export function layoutsOf(catalogue: Catalogue, partitions: Settings['partitions']): Layouts {
  const declared = new Map(
    Object.entries(partitions).map(([table, columns]) => [table.toLowerCase(), columns]),
  )
  const layouts = new Map<string, TableLayout>()
  for (const [table, relation] of catalogue.relations) {
    const column = (name: string): Column | undefined =>
      relation.columns.find((one) => one.name === name.toLowerCase())
    const key = relation.primaryKey.map(column)
    const known = declared.get(table) ?? declared.get(relation.name)
    layouts.set(table, {
      table,
      key: key.every((one) => one !== undefined) ? key : [],
      partitions: (known ?? []).map(column).filter((one) => one !== undefined),
      family: false,
    })
  }
  return layouts
}
