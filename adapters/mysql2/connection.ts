import { EventEmitter } from 'node:events'
import type { Execute, Query, Queries, QueryConnection } from '../../src/query/index.js'
import { callOf, isCommand, type Call } from './call.js'
import type { Callback, Command, CoreConnection, Prepared } from './core.js'
import { answerTo, leavesOpen, plainAnswer, transactionAfter, type Answer } from './result.js'

/** A connection of the pool whose statements are followed. */
export interface Followed {
  readonly connection: QueryConnection
  /** Grows each time it is given back. */
  readonly checkouts: number
  /** Sends a statement as mysql2 does, unseen. */
  readonly send: (call: Call) => Promise<Answer>
}

export interface FollowOptions {
  readonly queries: Queries
  /** Something was sent over it before, perhaps. */
  readonly told: boolean
  /** A call as the queries take it; undefined when its text cannot be known. */
  readonly queryOf: (call: Call) => Query | undefined
  /** Loads on a connection of the pool's choice, for one that was given back meanwhile. */
  readonly load: (call: Call) => Execute<Answer>
  /** Whether a read on a held connection may wait for a load of somebody else. */
  readonly mayWait: () => boolean
  readonly onError: (error: unknown) => void
}

type Ended = (failed?: boolean) => Promise<void>

/**
 * Follows all that is sent over a connection from now on: with callbacks, streamed, prepared; promises of mysql2 stand on the same
 * methods. What was sent before is what the scope names.
 */
export function follow(client: CoreConnection, options: FollowOptions): Followed {
  const { queries, queryOf, onError } = options
  const original = {
    query: client.query.bind(client),
    execute: client.execute.bind(client),
    prepare: client.prepare.bind(client),
    changeUser: client.changeUser.bind(client),
    reset: client.reset.bind(client),
    release: client.release.bind(client),
    destroy: client.destroy.bind(client),
  }
  let inTransaction: boolean | undefined
  let connection = newConnection()
  let checkouts = 0

  function newConnection(): QueryConnection {
    return queries.connection<Answer>({ isUnknown: leavesOpen, inTransaction: () => inTransaction })
  }

  const note = (rows: unknown): void => {
    const now = transactionAfter(rows)
    if (now !== undefined) inTransaction = now
  }

  const send = ({ method, sql, values, options: rest }: Call): Promise<Answer> =>
    answerTo((done) => {
      const noted: Callback = (error, rows, fields) => {
        if (!error) note(rows)
        done(error, rows, fields)
      }
      original[method]({ ...rest, sql, values }, noted)
    })

  const executeOn = (call: Call): Execute<Answer> => {
    const began = checkouts
    return async (context) => {
      if (context.purpose === 'pass') return send(call)
      // A refresh behind an answer that was given: the connection is somebody else's by now.
      return began === checkouts ? plainAnswer(await send(call)) : options.load(call)(context)
    }
  }

  /** A statement whose answer somebody waits for. `emitter` ends when it has ended, as a command does. */
  const answer = (call: Call, query: Query, callback: Callback, emitter: EventEmitter): void => {
    // In saturation it asks for itself: what it would wait for may be waiting for a connection.
    const mayWait = options.mayWait() || query.cache !== undefined
    const asked = mayWait ? query : { ...query, cache: false as const }
    void finish(connection.run<Answer>(asked, executeOn(call)), callback, emitter)
  }

  /** Calls `ended` when a command has; its outcome is seen where the server says it. */
  const watch = (command: EventEmitter, ended: Ended): void => {
    let failed = false
    command.on('result', note)
    command.once('end', () => {
      ended(failed).catch(onError)
    })
    // An error without a listener is thrown: that must stay so.
    const emit = command.emit.bind(command)
    command.emit = (name: string | symbol, ...args: unknown[]): boolean => {
      if (name === 'error') failed = true
      return emit(name, ...args)
    }
  }

  /** Sends now, or when what is under way before it has been sent. */
  const inOrder = (start: () => void): void => {
    const { busy } = connection
    if (busy === undefined) start()
    else void busy.then(start, start)
  }

  const query = (sql: unknown, values?: unknown, last?: unknown): Command => {
    const call = callOf('query', sql, values, last)
    if (call === undefined) return original.query(sql, values, last)
    const seen = queryOf(call)
    if (call.callback !== undefined && seen !== undefined) {
      const emitter = isCommand(sql) ? sql : new EventEmitter()
      answer(call, seen, call.callback, emitter)
      return emitter as Command
    }
    const command = isCommand(sql) ? sql : commandOf(client, sql, values, last)
    inOrder(() => {
      watch(command, connection.begin(seen === undefined ? undefined : seen.sql))
      original.query(command)
    })
    return command
  }

  const execute = (sql: unknown, values?: unknown, last?: unknown): EventEmitter => {
    const call = callOf('execute', sql, values, last)
    const seen = call && queryOf(call)
    if (call?.callback !== undefined && seen !== undefined) {
      const emitter = new EventEmitter()
      answer(call, seen, call.callback, emitter)
      return emitter
    }
    const ended = connection.begin(seen?.sql)
    const command = original.execute(sql, values, last)
    watch(command, ended)
    return command
  }

  const prepare = (
    given: unknown,
    callback?: (error: unknown, statement?: Prepared) => void,
  ): unknown =>
    original.prepare(given, (error, statement) => {
      if (statement !== undefined) followPrepared(statement, given)
      callback?.(error, statement)
    })

  const followPrepared = (statement: Prepared, given: unknown): void => {
    if (Object.hasOwn(statement, 'execute')) return
    const sql = typeof given === 'string' ? given : (given as { readonly sql?: string })?.sql
    const run = statement.execute.bind(statement)
    replace(statement, 'execute', (...args: readonly unknown[]) => {
      const ended = connection.begin(sql)
      const callback = args.at(-1)
      if (typeof callback !== 'function') {
        const command = run(...args)
        watch(command, ended)
        return command
      }
      const after: Callback = async (error, ...answer) => {
        note(answer[0])
        try {
          await ended(Boolean(error))
        } catch (failure) {
          onError(failure)
        }
        process.nextTick(callback, error, ...answer)
      }
      return run(...args.slice(0, -1), after)
    })
  }

  const lost = (): void => {
    connection.lost().catch(onError)
  }

  replace(client, 'query', query)
  replace(client, 'execute', execute)
  replace(client, 'prepare', prepare)
  replace(client, 'changeUser', (...args: readonly unknown[]) => {
    // Another user, perhaps another database: not what the scope names.
    lost()
    return original.changeUser(...args)
  })
  replace(client, 'reset', (...args: readonly unknown[]) => {
    const { moved } = connection
    lost()
    // A transaction is rolled back, and the session as new; but the database in use stays, and what a listener had set is gone.
    inTransaction = false
    if (!moved && !options.told) connection = newConnection()
    return original.reset(...args)
  })
  replace(client, 'release', () => {
    checkouts++
    original.release()
  })
  replace(client, 'destroy', () => {
    original.destroy()
    lost()
  })
  client.once('end', lost)
  client.once('error', lost)
  return {
    get connection() {
      return connection
    },
    get checkouts() {
      return checkouts
    },
    send,
  }
}

/** Calls back when it is there, out of the promise's chain: an error thrown in a callback is nobody's rejection. */
async function finish(
  answer: Promise<Answer>,
  callback: Callback,
  emitter: EventEmitter,
): Promise<void> {
  let values: Parameters<Callback>
  try {
    values = [null, ...(await answer)]
  } catch (error) {
    values = [error]
  }
  process.nextTick(() => {
    try {
      callback(...values)
    } finally {
      emitter.emit('end')
    }
  })
}

/** The command that mysql2 makes of a call, not sent yet. */
function commandOf(client: CoreConnection, ...args: readonly unknown[]): Command {
  const { createQuery } = client.constructor as unknown as {
    readonly createQuery: (sql: unknown, values: unknown, last: unknown, config: unknown) => Command
  }
  return createQuery(args[0], args[1], args[2], client.config)
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}
