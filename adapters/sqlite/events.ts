/** What a cached database tells its listeners. */
export interface SqliteCacheEvents {
  /** A read was answered from what is kept. */
  readonly hit: { readonly sql: string; readonly key: string }
  /** A read was not there: the database answers, and the answer is kept. */
  readonly miss: { readonly sql: string; readonly key: string }
  /** A statement was not understood, so all answers went. `detail` says what was not. */
  readonly 'unknown-write': { readonly sql: string; readonly detail: string }
  /**
   * Somebody wrote whom nobody told of, so all answers went: another connection, or this one through the database as it was before it
   * was wrapped.
   */
  readonly 'outside-write': { readonly by: 'another connection' | 'this connection' }
  /** Tags were invalidated. `everything`: all answers went. */
  readonly changed: { readonly tags: readonly string[]; readonly everything: boolean }
  /** Something failed that no caller is told of; nothing is cached for a second. */
  readonly error: { readonly error: unknown; readonly operation: 'definitions' }
}

/** Numbers since the database was wrapped. */
export interface SqliteCacheStats {
  /** Reads answered from what is kept. */
  readonly hits: number
  /** Reads answered by the database and kept, if they had room. */
  readonly misses: number
  /** Reads that were not looked for: inside a transaction, not cacheable, or by request. */
  readonly bypasses: number
  /** Times that something was invalidated. */
  readonly invalidations: number
  /** Answers that left to make room. */
  readonly evictions: number
  /** Answers kept now. */
  readonly entries: number
  /** Their weight, in bytes. */
  readonly bytes: number
}
