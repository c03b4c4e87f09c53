import { tableName, type TableChange } from '../../src/query/index.js'

/**
 * What a trigger of ours said; undefined for anything else. Everybody who may connect to the database may notify the channel,
 * so a payload is believed in its form only: at worst it makes a cache load again.
 */
export function readPayload(payload: string): TableChange | undefined {
  let message: unknown
  try {
    message = JSON.parse(payload)
  } catch {
    return undefined
  }
  if (typeof message !== 'object' || message === null) return undefined
  const { v, schema, table, operation, key, columns, rows } = message as Readonly<
    Record<string, unknown>
  >
  if (v !== 1 || typeof schema !== 'string' || typeof table !== 'string') return undefined
  if (!['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'].includes(String(operation))) return undefined
  const change = { table: tableName(schema, table), inserted: operation === 'INSERT' }
  if (key === undefined && columns === undefined && rows === undefined) return change
  if (typeof key !== 'number' || !isTexts(columns) || key > columns.length) return undefined
  if (!Array.isArray(rows)) return undefined
  const told: (readonly unknown[])[] = []
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row) || row.length !== columns.length) return undefined
    told.push(row)
  }
  return {
    ...change,
    ...(key > 0 && { columns: columns.slice(0, key), rows: told.map((row) => row.slice(0, key)) }),
    partitions: Object.fromEntries(
      columns.map((column, at) => [column, [...new Set(told.map((row) => row[at]))]]),
    ),
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
