import type { Kind, Reason } from '../../../../src/query/sql/types.js'

/** One text with what it does, as the server was seen to do it. */
export interface Case {
  readonly sql: string
  /** Default: `read`, or `write` when `writes` has something. */
  readonly kind?: Kind
  readonly reads?: readonly string[]
  readonly writes?: readonly string[]
  /** Names that may be reported besides. */
  readonly may?: readonly string[]
  /** Default: a read is, unless `why` is given. */
  readonly cacheable?: boolean
  readonly why?: Reason
  readonly effects?: 'unknown'
  readonly params?: readonly unknown[]
  /** Why it is not run on a server. */
  readonly notRun?: string
}

export function read(sql: string, reads: readonly string[], more: Partial<Case> = {}): Case {
  return { sql, kind: 'read', reads, cacheable: more.why === undefined, ...more }
}

export function write(sql: string, writes: readonly string[], more: Partial<Case> = {}): Case {
  return { sql, kind: 'write', writes, cacheable: false, ...more }
}

export function other(kind: Kind, sql: string, more: Partial<Case> = {}): Case {
  return { sql, kind, cacheable: false, ...more }
}

/** Its effects are not to be seen in the text. */
export function unseen(sql: string, more: Partial<Case> = {}): Case {
  return { sql, kind: 'unknown', cacheable: false, effects: 'unknown', ...more }
}
