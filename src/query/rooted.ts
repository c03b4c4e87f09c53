import { invalidOption } from '../base/errors.js'
import { changeTags, type TableChange } from './change.js'
import type { Layouts } from './layouts.js'
import type { Partitions } from './partitions.js'

/** More labels than this cost more than all answers of their tables. */
const MAX_TAGS = 500

/**
 * Changes by the tables that tags are named by. A table that is not known stays as it was given.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a change without the name of a table.
 */
export function rooted(
  changes: readonly (string | TableChange)[],
  layouts: Layouts | undefined,
): readonly TableChange[] {
  return changes.flatMap((given) => {
    const change = typeof given === 'string' ? { table: given } : given
    if (typeof change?.table !== 'string' || change.table === '')
      throw invalidOption('invalidates', "tables, such as ['orders']", given)
    const roots = layouts?.roots(change.table) ?? []
    if (roots.length === 0) return [change]
    // In several families nobody knows which key is whose.
    return roots.map((table) => (roots.length === 1 ? { ...change, table } : { table }))
  })
}

/**
 * The labels that changes make unusable, each once: of whole tables where there would be too many.
 *
 * @param changes By the tables that tags are named by.
 * @param partitions The declared columns by table: for tables whose layout is not known.
 */
export function tagsOfChanges(
  database: string,
  changes: readonly TableChange[],
  layouts: Layouts | undefined,
  partitions: Partitions,
): readonly string[] {
  const declared = [...new Set(Object.values(partitions).flat())]
  const labels = (list: readonly TableChange[]): string[] => [
    ...new Set(
      list.flatMap((change) =>
        changeTags(database, change, layouts?.layout(change.table), declared),
      ),
    ),
  ]
  const tags = labels(changes)
  if (tags.length <= MAX_TAGS) return tags
  return labels([...new Set(changes.map(({ table }) => table))].map((table) => ({ table })))
}
