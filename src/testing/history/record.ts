/**
 * What happened in one process, as it was seen there. Moments are milliseconds of one clock that all processes share: on one
 * machine `process.hrtime`, which is the kernel's monotonic clock.
 */
export type HistoryRecord = LoadRecord | ReadRecord | InvalidationRecord

/** A loader ran. */
export interface LoadRecord {
  readonly kind: 'load'
  readonly process: string
  /** Told apart from all other loads: what it returns carries it. */
  readonly id: string
  /** What was loaded: a row, a key. */
  readonly subject: string
  readonly began: number
  /** The version of the subject that it found. */
  readonly version: number
}

/** A read was answered. */
export interface ReadRecord {
  readonly kind: 'read'
  readonly process: string
  readonly subject: string
  readonly started: number
  readonly ended: number
  /** The load that made what was given, and the version in it. */
  readonly load: string
  readonly version: number
}

/** Something was changed at its source, and then invalidated. */
export interface InvalidationRecord {
  readonly kind: 'invalidation'
  readonly process: string
  readonly subject: string
  /** How: `delete`, `invalidateTags`. */
  readonly how: string
  readonly called: number
  /** Undefined when it never returned: then it binds nobody. */
  readonly returned: number | undefined
  /** When it was delivered everywhere: the return, or later where the receipt said `pending`. Undefined when it never was. */
  readonly delivered: number | undefined
  /** The version that had been written before it was called. */
  readonly version: number
}
