import type { Connection, Planned } from './connection.js'
import { forwardAll } from './forward.js'
import { isSwitch, RowForm } from './row-form.js'
import type { Method, RawStatement } from './types.js'

/** What a wrapped statement is made of. */
export interface StatementParts {
  readonly connection: Connection
  readonly planned: Planned
  /** Prepares the real statement. */
  readonly prepare: () => RawStatement
  /** The real statement, where it had to be prepared already. */
  readonly prepared: RawStatement | undefined
  /** The wrapped database. */
  readonly database: object
  /** What the client said of a statement with this text: better-sqlite3's `reader` and `readonly`. */
  readonly facts: Readonly<Record<string, unknown>>
}

export type StatementClass = new (parts: StatementParts) => RawStatement

/** Methods that tell something and change nothing. */
const TELLING: ReadonlySet<string | symbol> = new Set(['columns', 'toString'])

/**
 * The class of wrapped statements of one client: everything a real one has, of the same class, with `get` and `all` answered from what
 * is kept where that is allowed.
 *
 * The real statement is prepared when it is first needed: an ORM that prepares for every query does not pay for that on a hit.
 *
 * @param sample A real statement.
 */
export function statementClass(sample: RawStatement): StatementClass {
  class CachedStatement implements RawStatement {
    readonly #parts: StatementParts
    readonly #form = new RowForm()
    #real: RawStatement | undefined
    /** Values bound for good, in better-sqlite3. */
    #bound: readonly unknown[] | undefined
    /** The client was asked for something that we do not know: it answers from here on. */
    #isOpaque = false

    constructor(parts: StatementParts) {
      this.#parts = parts
      this.#real = parts.prepared
    }

    get(...values: unknown[]): unknown {
      return this.#read('get', values)
    }

    all(...values: unknown[]): unknown {
      return this.#read('all', values)
    }

    run(...values: unknown[]): unknown {
      return this.#run('run', values)
    }

    /**
     * Rows that are read one by one are not kept. The rows of a change that returns some are taken at once, so that the change is over
     * when this returns.
     */
    iterate(...values: unknown[]): unknown {
      const { use, analysis } = this.#parts.planned.plan
      if (use !== 'change' || analysis.kind === 'read') return this.#run('iterate', values)
      return (this.#run('all', values) as readonly unknown[]).values()
    }

    #read(name: 'get' | 'all', values: readonly unknown[]): unknown {
      if (this.#isOpaque || (this.#bound !== undefined && values.length > 0))
        return this.#run(name, values)
      const { connection, planned } = this.#parts
      return connection.read(planned, this.#form[name], this.#bound ?? values, () =>
        this.#call(name, values),
      )
    }

    #run(name: string, values: readonly unknown[]): unknown {
      const { connection, planned } = this.#parts
      return connection.run(planned, this.#bound ?? values, () => this.#call(name, values))
    }

    #call(name: string | symbol, values: readonly unknown[]): unknown {
      const real = this.#prepared()
      return (real as unknown as Readonly<Record<string | symbol, Method>>)[name]!.call(
        real,
        ...values,
      )
    }

    #prepared(): RawStatement {
      if (this.#real === undefined) {
        this.#real = this.#parts.prepare()
        this.#form.apply(this.#real)
      }
      return this.#real
    }

    static readonly tell = (statement: CachedStatement, name: string | symbol): unknown => {
      const { facts, database } = statement.#parts
      if (name === 'database') return database
      if (typeof name === 'string' && Object.hasOwn(facts, name)) return facts[name]
      const real = statement.#prepared()
      return (real as unknown as Readonly<Record<string | symbol, unknown>>)[name]
    }

    /** Everything that is not of every statement. */
    static readonly call = (
      statement: CachedStatement,
      name: string | symbol,
      values: readonly unknown[],
    ): unknown => {
      if (typeof name === 'string' && isSwitch(name, values)) {
        const isReader = statement.#parts.facts['reader'] !== false
        if (statement.#real !== undefined || !isReader) statement.#call(name, values)
        statement.#form.set(name, values[0])
        return name.startsWith('set') ? undefined : statement
      }
      const result = statement.#call(name, values)
      if (name === 'bind') statement.#bound = values
      else if (!TELLING.has(name)) statement.#isOpaque = true
      return result === statement.#real ? statement : result
    }
  }
  forwardAll(CachedStatement, sample, { get: CachedStatement.tell, call: CachedStatement.call })
  return CachedStatement
}
