import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { Execute, Query, Queries, QueryConnection } from '../../src/query/index.js'
import { analyze } from '../../src/query/sql/index.js'
import { learn, tablesBesides } from './tree.js'

/** A real connection, with what is known of it. */
export interface Followed {
  readonly raw: DatabaseConnection
  readonly connection: QueryConnection
}

export interface Lender {
  readonly queries: Queries
  take(options?: unknown): Promise<Followed>
  giveBack(followed: Followed, options?: unknown): Promise<void>
}

type Result = QueryResult<unknown>

const FOLLOWED = { followed: true } as const

/**
 * A connection as Kysely holds it, which takes a real one when the database has to be asked: what is answered from the cache waits for
 * no connection.
 */
export class CachedConnection implements DatabaseConnection {
  readonly #lender: Lender
  readonly #options: unknown
  #taking: Promise<Followed> | undefined
  #taken: Followed | undefined
  #isOver = false

  constructor(lender: Lender, options: unknown) {
    this.#lender = lender
    this.#options = options
  }

  /** The real connection, from now on until this one is given back. */
  async real(): Promise<Followed> {
    this.#taking ??= this.#lender.take(this.#options)
    this.#taken = await this.#taking
    return this.#taken
  }

  async executeQuery<R>(compiled: CompiledQuery, options?: object): Promise<QueryResult<R>> {
    const { queries } = this.#lender
    const query = queryOf(compiled, queries)
    const taken = this.#taken
    const answer =
      taken === undefined || taken.connection.plain
        ? await queries.run<Result>(query, this.#execute(compiled, query, options), FOLLOWED)
        : await taken.connection.run<Result>(query, this.#load(compiled, options))
    return answer as QueryResult<R>
  }

  async *streamQuery<R>(
    compiled: CompiledQuery,
    chunkSize: number,
    options?: object,
  ): AsyncIterableIterator<QueryResult<R>> {
    const { raw, connection } = await this.real()
    await connection.busy
    const ended = connection.begin(compiled.sql)
    let failed = true
    try {
      yield* raw.streamQuery<R>(compiled, chunkSize, options)
      failed = false
    } finally {
      await ended(failed)
    }
  }

  async cancelQuery(
    ...rest: Parameters<NonNullable<DatabaseConnection['cancelQuery']>>
  ): Promise<void> {
    await this.#taken?.raw.cancelQuery?.(...rest)
  }

  async collectSessionInfo(): Promise<void> {
    const { raw } = await this.real()
    await raw.collectSessionInfo?.()
  }

  async killSession(
    ...rest: Parameters<NonNullable<DatabaseConnection['killSession']>>
  ): Promise<void> {
    await this.#taken?.raw.killSession?.(...rest)
    await this.#taken?.connection.lost()
  }

  /** Gives back the real connection, if one was taken. */
  async release(options?: unknown): Promise<void> {
    this.#isOver = true
    const followed = this.#taken ?? (await this.#taking?.catch(() => undefined))
    if (followed !== undefined) await this.#lender.giveBack(followed, options)
  }

  #execute(compiled: CompiledQuery, query: Query, options?: object): Execute<Result> {
    const load = this.#load(compiled, options)
    return async (context) => {
      if (context.purpose === 'load') return load(context)
      const { connection } = await this.real()
      return connection.run<Result>({ ...query, cache: false }, load)
    }
  }

  /** On this connection, or on another when this one was given back: a refresh behind an answer. */
  #load(compiled: CompiledQuery, options?: object): Execute<Result> {
    return async ({ purpose, alone }) => {
      const isOver = this.#isOver
      const followed = isOver ? await this.#lender.take() : await this.real()
      try {
        if (purpose === 'load' && !followed.connection.plain) alone()
        const result = await followed.raw.executeQuery<unknown>(
          compiled,
          isOver ? undefined : options,
        )
        return purpose === 'load' ? { ...result } : result
      } finally {
        if (isOver) await this.#lender.giveBack(followed)
      }
    }
  }
}

function queryOf({ sql, parameters, query }: CompiledQuery, { dialect }: Queries): Query {
  const tables = tablesBesides(learn(query), analyze(sql, dialect))
  return { sql, params: parameters, ...(tables === undefined ? {} : { tables }) }
}
