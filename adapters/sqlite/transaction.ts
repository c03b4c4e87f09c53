import type { Connection } from './connection.js'
import type { Method } from './types.js'

const VARIANTS = ['default', 'deferred', 'immediate', 'exclusive'] as const

/**
 * better-sqlite3's `db.transaction(fn)`: a function that runs `fn` in a transaction, in its four variants. What `fn` writes through
 * `database` is invalidated when the outermost one has committed, and not when it was rolled back.
 */
export function wrapTransaction(
  connection: Connection,
  transact: (work: unknown) => unknown,
  work: unknown,
  database: object,
): unknown {
  const made = transact(work) as Method & Readonly<Record<string, Method>>
  const wrapped = VARIANTS.map((variant) => {
    const begin = made[variant] ?? made
    return function transaction(this: unknown, ...values: unknown[]): unknown {
      return connection.transaction(() => begin.apply(this, values))
    }
  })
  for (const one of wrapped) {
    VARIANTS.forEach((variant, index) =>
      Object.defineProperty(one, variant, { value: wrapped[index] }),
    )
    Object.defineProperty(one, 'database', { value: database, enumerable: true })
  }
  return wrapped[0]
}
