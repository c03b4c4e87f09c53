import type { FieldDef, QueryResult } from 'pg'

/** What a `Result` of pg holds, as a plain value that every store keeps. */
export interface PlainResult {
  readonly command: string
  readonly rowCount: number | null
  readonly oid: number
  readonly rows: readonly unknown[]
  readonly fields: readonly FieldDef[]
}

export function plainResult({ command, rowCount, oid, rows, fields }: QueryResult): PlainResult {
  return { command, rowCount, oid, rows, fields: fields.map((field) => ({ ...field })) }
}

/** Classes of SQLSTATE after which it is not known what became of a statement: connection, shutdown, system, internal. */
const UNKNOWN = /^(?:08|57P|58|XX|40003)/

/** Whether an error leaves open what became of a statement: every error that is not the server's word that it failed. */
export function leavesOpen(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  if (typeof code !== 'string' || typeof severity !== 'string') return true
  return UNKNOWN.test(code) || !/^[0-9A-Z]{5}$/.test(code)
}
