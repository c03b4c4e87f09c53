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

type Name = keyof SqliteCacheEvents
type Listener = (event: never) => void

/** Listeners, and the counters that are kept whether anybody listens or not. */
export class Events {
  readonly counts = { hits: 0, misses: 0, bypasses: 0, invalidations: 0 }
  readonly #listeners = new Map<Name, Set<Listener>>()

  wants(name: Name): boolean {
    return this.#listeners.size > 0 && this.#listeners.has(name)
  }

  on<N extends Name>(name: N, listener: (event: SqliteCacheEvents[N]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  /** A listener that throws has itself to blame: nobody else notices. */
  emit<N extends Name>(name: N, event: SqliteCacheEvents[N]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(event as never)
      } catch {
        // The statement goes on.
      }
    }
  }
}
