import { keyText, type TableLayout } from './change.js'
import { findsRows } from './found.js'
import type { Layouts } from './layouts.js'
import { canonicalValue, type Analysis, type Resolved, type ResolvedEquality } from './sql/index.js'
import { databaseTag, partitionsTag, partitionTag, rowsTag, rowTag, tableTag } from './tags.js'
import type { Values } from './write.js'

/** How a read depends on one table. */
export interface TableRead {
  readonly table: string
  readonly layout: TableLayout | undefined
  /** The equalities on the columns of the primary key, in its order, when all are there and the answer shows whether the row was found. */
  readonly key: readonly ResolvedEquality[] | undefined
  readonly partitions: readonly ResolvedEquality[]
}

/**
 * How a text depends on these tables.
 *
 * @param resolved What the text says about their rows; undefined when that is not to be used.
 */
export function readsOf(
  tables: Iterable<string>,
  analysis: Analysis,
  resolved: Resolved | undefined,
  layouts: Layouts | undefined,
): readonly TableRead[] {
  const isFound = resolved !== undefined && findsRows(analysis)
  return [...tables].map((table) => {
    const layout = layouts?.layout(table)
    const equalities = resolved?.columns.filter((equality) => equality.table === table) ?? []
    const on = (name: string): ResolvedEquality | undefined =>
      equalities.find((equality) => equality.column === name)
    const key = layout?.key.map(({ name }) => on(name)).filter((e) => e !== undefined) ?? []
    const isWhole = key.length > 0 && key.length === layout?.key.length
    return {
      table,
      layout,
      key: isFound && isWhole ? key : undefined,
      partitions: layout?.partitions.flatMap(({ name }) => on(name) ?? []) ?? [],
    }
  })
}

/** The labels of one answer. */
export interface ReadTags {
  readonly tags: readonly string[]
  /** Labels it carries besides when it found nothing. */
  readonly absent: readonly string[]
}

/**
 * @param values Undefined when values may not be where the text has its parameters: then no row and no partition is believed.
 */
export function readTags(
  reads: readonly TableRead[],
  database: string,
  values: Values | undefined,
): ReadTags {
  const tags = [databaseTag(database)]
  const absent: string[] = []
  for (const { table, layout, key, partitions } of reads) {
    const row =
      values !== undefined && key !== undefined && layout !== undefined
        ? keyText(
            layout.key,
            key.map(({ value }) => values(value)),
          )
        : undefined
    if (row !== undefined) {
      tags.push(rowsTag(database, table), rowTag(database, table, row))
      absent.push(tableTag(database, table))
      continue
    }
    const part = values && partitionOf(partitions, values)
    if (part === undefined) tags.push(tableTag(database, table))
    else {
      const { column, text } = part
      tags.push(partitionsTag(database, table, column), partitionTag(database, table, column, text))
    }
  }
  return { tags, absent }
}

function partitionOf(
  partitions: readonly ResolvedEquality[],
  values: Values,
): { readonly column: string; readonly text: string } | undefined {
  for (const { column, info, value } of partitions) {
    const text = canonicalValue(info, values(value))
    if (text !== undefined) return { column, text }
  }
  return undefined
}
