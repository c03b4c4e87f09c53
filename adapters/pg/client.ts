import type { ClientBase, PoolClient, QueryResult, Submittable } from 'pg'
import type { Execute, Queries, QueryConnection } from '../../src/query/index.js'
import { hasOwnParsers, type Parsers } from './parsers.js'
import { leavesOpen, plainResult } from './result.js'
import {
  isSubmittable,
  statementOf,
  textOf,
  withText,
  type Callback,
  type Statement,
} from './statement.js'

type Send = (config: unknown, values?: unknown, callback?: unknown) => unknown

/** A client of the pool whose statements are followed. */
export interface Followed {
  readonly connection: QueryConnection
  /** Grows each time the client is handed out. */
  checkouts: number
  held: boolean
  /** Sends a statement as pg does, unseen. */
  readonly send: (statement: Pick<Statement, 'config' | 'values'>) => Promise<QueryResult>
}

export interface FollowOptions {
  readonly queries: Queries
  readonly parsers: Parsers
  /** Something was sent over it before. */
  readonly told: boolean
  /** Loads on a connection of the pool's choice, for a client that was given back meanwhile. */
  readonly load: (statement: Statement) => Execute<unknown>
  /** Whether a read on a held client may wait for a load of somebody else. */
  readonly mayWait: () => boolean
  readonly onError: (error: unknown) => void
}

/** Follows all that is sent over a client from now on. What was sent before is what the scope names. */
export function follow(client: PoolClient, options: FollowOptions): Followed {
  const { queries, parsers } = options
  const original = client.query.bind(client) as Send
  const connection = queries.connection<QueryResult>({
    rolledBack: ({ command }) => command === 'ROLLBACK',
    isUnknown: leavesOpen,
    inTransaction: () => transactionOf(client),
    told: options.told,
  })
  const followed: Followed = {
    connection,
    checkouts: 0,
    held: false,
    send: ({ config, values }) => original(config, values) as Promise<QueryResult>,
  }
  const query: Send = (config, given, last) => {
    if (isSubmittable(config)) return submit(config, given, last)
    const statement = statementOf(withText(config, client), given, last, parsers)
    if (statement === undefined) return original(config, given, last)
    return answer(connection.run(withoutCache(statement), executeOn(statement)), statement.callback)
  }

  /** In saturation a read on a held client asks for itself: what it would wait for may be waiting for a client. */
  const withoutCache = ({ query }: Statement) =>
    options.mayWait() || query.cache !== undefined ? query : { ...query, cache: false as const }

  const executeOn = (statement: Statement): Execute<unknown> => {
    const { checkouts } = followed
    return async (context) => {
      if (context.purpose === 'pass') {
        const result = await followed.send(statement)
        if (statement.query.parsers === null) learnTypes(statement, result, parsers)
        return result
      }
      // A refresh behind an answer that was given: its client is somebody else's by now.
      if (!followed.held || followed.checkouts !== checkouts) {
        return options.load(statement)(context)
      }
      if (hasOwnParsers(client)) context.alone()
      return keepable(await followed.send(statement), statement, parsers, context.alone)
    }
  }

  const submit = (submittable: Submittable, given: unknown, last: unknown): unknown => {
    const { busy } = connection
    const send = (): unknown => {
      const ended = connection.begin(textOf(submittable))
      let over = false
      const end = (failed: boolean): void => {
        if (over) return
        over = true
        ended(failed).catch(options.onError)
      }
      watch(submittable, 'handleReadyForQuery', () => end(false))
      watch(submittable, 'handleError', () => end(true))
      return original(submittable, given, last)
    }
    if (busy === undefined) return send()
    void busy.then(send)
    return submittable
  }

  Object.defineProperty(client, 'query', { value: query, configurable: true, writable: true })
  client.once('end', () => void connection.lost().catch(options.onError))
  return followed
}

/** An answer to be kept; told to be alone when its columns or parsers are not those that its key has a name for. */
export function keepable(
  result: QueryResult,
  statement: Statement,
  parsers: Parsers,
  alone: () => void,
): unknown {
  const hasTypes = typeof statement.config === 'object' && statement.config.types !== undefined
  if (Array.isArray(result)) {
    alone()
    return result
  }
  if (!parsers.hold(result.fields, statement.changes)) alone()
  if (hasTypes && !parsers.check(statement.query.sql, result.fields)) alone()
  return plainResult(result)
}

export function learnTypes(
  { query }: Statement,
  result: QueryResult | undefined,
  parsers: Parsers,
): void {
  if (Array.isArray(result?.fields)) parsers.check(query.sql, result.fields)
}

/** A promise as pg gives it, or a callback as pg calls it: an error thrown in it is nobody's rejection. */
export function answer(promise: Promise<unknown>, callback: Callback | undefined): unknown {
  if (callback === undefined) return promise
  promise.then(
    (result) => process.nextTick(callback, null, result),
    (error: unknown) => process.nextTick(callback, error),
  )
  return undefined
}

/** Whether something is on its way over a client already: what a listener for new ones has sent. */
export function isBusy(client: ClientBase): boolean {
  const { _activeQuery: active, _queryQueue: queue } = client as unknown as {
    readonly _activeQuery?: unknown
    readonly _queryQueue?: readonly unknown[]
  }
  return (active ?? undefined) !== undefined || (queue?.length ?? 1) > 0
}

function transactionOf(client: ClientBase): boolean | undefined {
  const { _txStatus: status } = client as unknown as { readonly _txStatus?: string | null }
  return status === undefined || status === null ? undefined : status !== 'I'
}

/** Calls `after` behind a method that the client calls when a submittable has ended. */
function watch(submittable: Submittable, name: string, after: () => void): void {
  const target = submittable as unknown as Record<string, unknown>
  const method = target[name]
  if (typeof method !== 'function') return
  target[name] = function watched(this: unknown, ...args: unknown[]): unknown {
    const result: unknown = method.apply(this, args)
    after()
    return result
  }
}
