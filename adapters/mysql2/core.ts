import type { EventEmitter } from 'node:events'

/** An error first, as mysql2 calls it. */
export type Callback = (error: unknown, rows?: unknown, fields?: unknown) => void

/** What mysql2 makes of a statement on its way: an emitter with everything that was given. */
export interface Command extends EventEmitter {
  readonly sql: string
  readonly values: unknown
  readonly namedPlaceholders: boolean | undefined
  readonly _queryOptions: Readonly<Record<string, unknown>>
  onResult: Callback | undefined
}

/** Settings of a connection, as far as they decide how a text is sent and how rows come back. */
export interface CoreConfig {
  readonly namedPlaceholders?: boolean
  readonly queryFormat?: unknown
  readonly timezone?: unknown
  readonly [name: string]: unknown
}

/** A connection with callbacks: what promises of mysql2 stand on. The part that is called. */
export interface CoreConnection extends EventEmitter {
  readonly config: CoreConfig
  query(...args: readonly unknown[]): Command
  execute(...args: readonly unknown[]): EventEmitter
  prepare(options: unknown, callback?: (error: unknown, statement?: Prepared) => void): unknown
  changeUser(...args: readonly unknown[]): unknown
  reset(...args: readonly unknown[]): unknown
  release(): void
  destroy(): void
  format(sql: string, values?: unknown, named?: boolean): string
  _resolveNamedPlaceholders?(options: Record<string, unknown>): void
}

/** A prepared statement. */
export interface Prepared {
  readonly query?: string
  execute(...args: readonly unknown[]): EventEmitter
}

/** A pool with callbacks. */
export interface CorePool extends EventEmitter {
  readonly config: { readonly connectionConfig: CoreConfig; readonly connectionLimit?: number }
  readonly _allConnections?: { readonly length: number }
  readonly _freeConnections?: { readonly length: number }
  getConnection(callback: (error: unknown, connection: CoreConnection) => void): unknown
  query(...args: readonly unknown[]): unknown
  execute(...args: readonly unknown[]): unknown
  releaseConnection(connection: CoreConnection): void
  promise(implementation?: unknown): PromisePool
  format(sql: string, values?: unknown): string
}

/** A pool with promises, which stands on one with callbacks. */
export interface PromisePool {
  readonly pool: CorePool
  query(...args: readonly unknown[]): Promise<unknown>
  execute(...args: readonly unknown[]): Promise<unknown>
}
