import type { Callback } from './core.js'

/** `[rows, fields]`, as mysql2 answers. */
export type Answer = readonly [rows: unknown, fields: unknown]

/** The answer to a statement that `send` sends with a callback. */
export function answerTo(send: (done: Callback) => unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    send((error, rows, fields) => {
      // mysql2 says "no error" with null.
      if (error) reject(error)
      else resolve([rows, fields])
    })
  })
}

const FIELD = [
  'catalog',
  'schema',
  'db',
  'name',
  'orgName',
  'table',
  'orgTable',
  'characterSet',
  'encoding',
  'columnLength',
  'columnType',
  'type',
  'flags',
  'decimals',
  'extendedTypeName',
  'extendedFormat',
] as const

/** An answer as a plain value that every store keeps: the fields without the packet they came in. */
export function plainAnswer([rows, fields]: Answer): Answer {
  return [rows, Array.isArray(fields) ? fields.map(plainField) : fields]
}

function plainField(field: unknown): unknown {
  if (typeof field !== 'object' || field === null) return field
  const plain: Record<string, unknown> = {}
  for (const name of FIELD) {
    const value = (field as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined) plain[name] = value
  }
  return plain
}

/** Bits of the server's status (MySQL protocol, "Status Flags"). */
const IN_TRANSACTION = 1

/** Whether a transaction is open behind a statement, when its answer says so: that of a read does not. */
export function transactionAfter(rows: unknown): boolean | undefined {
  const last: unknown = Array.isArray(rows) ? (rows as readonly unknown[]).at(-1) : rows
  if (typeof last !== 'object' || last === null) return undefined
  const { serverStatus, affectedRows } = last as Readonly<Record<string, unknown>>
  if (typeof serverStatus !== 'number' || typeof affectedRows !== 'number') return undefined
  return (serverStatus & IN_TRANSACTION) !== 0
}

/** Errors of the server after which it is not known what became of a statement: shutdown, killed, lost, an error during COMMIT. */
const UNKNOWN = new Set([1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1180, 1317, 1927, 3024])

/** Whether an error leaves open what became of a statement: every error that is not the server's word that it failed. */
export function leavesOpen(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true
  // Refused by mysql2 before it was sent.
  if (error instanceof TypeError && error.message.startsWith('Bind parameters')) return false
  const { errno, sqlState, fatal } = error as Readonly<Record<string, unknown>>
  if (fatal === true || typeof errno !== 'number' || typeof sqlState !== 'string') return true
  return UNKNOWN.has(errno)
}
