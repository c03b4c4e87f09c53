import type { Operation } from './types.js'

/** Words of a text, from and up to an index. */
export type Range = readonly [number, number]

/** A table in the FROM of the outermost query, for the conditions on it. */
export interface Source {
  readonly table: string
  readonly alias: string
}

/** What the outermost query says about rows, noted while it is read. */
export interface QueryOutline {
  sources: Source[]
  /** Not only plain tables stand in FROM, so a column without a table in front may be anybody's. */
  others: boolean
  where: Range | undefined
}

/** What one change of one table says about rows, noted while it is read. */
export interface ChangeOutline {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly table: string
  readonly alias: string
  /** Other tables have a part, so columns without a table in front may be theirs. */
  others: boolean
  /** A row that is not named may be touched: conflicts, REPLACE, rows from a query. */
  anyRow: boolean
  columns: Range | undefined
  values: Range | undefined
  set: Range | undefined
  where: Range | undefined
}

export function changeOutline(
  operation: ChangeOutline['operation'] & Operation,
  table: string,
  alias: string,
): ChangeOutline {
  return {
    operation,
    table,
    alias,
    others: false,
    anyRow: false,
    columns: undefined,
    values: undefined,
    set: undefined,
    where: undefined,
  }
}
