/** The three families of SQL that are read. `mysql` is MariaDB too. */
export type Dialect = 'postgres' | 'mysql' | 'sqlite'

/**
 * What a text is, as far as the text tells.
 *
 * `unknown` is a text whose effects cannot be seen in it, or that was not understood; `lock` reads and locks rows or takes
 * an advisory lock; `session` changes or shows the connection's own state and no table.
 */
export type Kind = 'read' | 'write' | 'ddl' | 'tx' | 'session' | 'lock' | 'unknown'

/**
 * Why an answer is not kept.
 *
 * - `writes`, `ddl`, `tx`, `session`, `lock`: the kind of the text.
 * - `time`, `volatile`: something in it answers differently each time.
 * - `settings`: it depends on a setting of the session such as the time zone, and on nothing else besides its arguments and tables.
 *   Whoever knows that every connection has the same settings may overrule this one alone, see {@link Analysis.refusals}.
 * - `unknown`: it runs something that stands elsewhere: CALL, EXECUTE, ATTACH.
 * - `function`, `operator`, `type`: the name is not on the list of those known to depend on their arguments only.
 * - `catalogue`: it reads the database's own description of itself.
 * - `foreign`: rows come from outside the database.
 * - `multiple`, `copy`, `cursor`, `explain`, `into`, `partial`: the form of the text.
 * - `syntax`: it was not understood.
 */
export type Reason =
  | 'writes'
  | 'ddl'
  | 'tx'
  | 'session'
  | 'lock'
  | 'time'
  | 'volatile'
  | 'settings'
  | 'unknown'
  | 'function'
  | 'operator'
  | 'type'
  | 'catalogue'
  | 'foreign'
  | 'multiple'
  | 'copy'
  | 'cursor'
  | 'explain'
  | 'into'
  | 'partial'
  | 'syntax'

/** One reason against keeping the answer, and the word in the text that gave it. */
export interface Refusal {
  readonly reason: Reason
  readonly detail: string
}

/** What is done to a table. `define` is any change of what the table is, or its making or dropping. */
export type Operation = 'read' | 'insert' | 'update' | 'delete' | 'truncate' | 'define'

/** A table, view or other relation as a text names it, folded by the rules of its dialect. */
export interface Relation {
  /** The schema, or the database in MySQL and the attached file in SQLite; absent when the text names none. */
  readonly schema?: string
  readonly name: string
  readonly operations: readonly Operation[]
  /** How often the text names it. Conditions are only reported for a table named once. */
  readonly mentions: number
}

/**
 * A value in a condition: a parameter, or a constant whose meaning is certain.
 *
 * Parameters are numbered from 1 as the client's array is, also for `?`; a named one has its name without the sign before it.
 * A `number` is a safe integer.
 */
export type Value = { readonly param: number | string } | { readonly literal: number | string }

/**
 * `column = value`, which every row of `table` that has a part in the answer (or is changed) satisfies.
 *
 * It is SQL's `=`, which may hold for values that are not the same text: whether two values can be told apart is known to the
 * catalogue only (`canonicalValue`).
 */
export interface Equality {
  /** The table as named in {@link Analysis.reads} or {@link Analysis.writes}. */
  readonly table: string
  /** Folded as the dialect folds names (MySQL and SQLite: lower case). */
  readonly column: string
  readonly value: Value
}

/** What a single INSERT, UPDATE or DELETE of one table does to rows. */
export interface Change {
  readonly table: string
  readonly operation: 'insert' | 'update' | 'delete'
  /**
   * Any row may be touched, whatever `where` and `rows` say: ON CONFLICT, ON DUPLICATE KEY, REPLACE, OR REPLACE, rows that come
   * from a query. False says that `where` (update, delete) or `rows` (insert) bounds the rows touched.
   */
  readonly anyRow: boolean
  /** For update and delete: every touched row satisfied all of these before the change. Empty says nothing. */
  readonly where: readonly Equality[]
  /** For update: the columns assigned. `undefined` when they cannot be listed. */
  readonly assigned: readonly Assignment[] | undefined
  /**
   * For insert: the values of each row by column, where certain; a column that is absent has a value that the text does not tell.
   * `undefined` when the rows cannot be listed.
   */
  readonly rows: readonly (readonly Assignment[])[] | undefined
}

/** A column and what is put in it; no value when the text does not tell it for certain. */
export interface Assignment {
  /** The column's name, or its position from 0 in an INSERT without a list of columns. */
  readonly column: string | number
  readonly value?: Value
}

/** The parameters of a text. */
export interface Params {
  readonly style: 'none' | 'dollar' | 'question' | 'named'
  /** How many values an array of parameters must have. */
  readonly count: number
  readonly names: readonly string[]
  /**
   * A `?` also stands in a string, a comment or a quoted name. A server is not misled; a client that puts values into the text by
   * itself (mysql2's `query`) is, so nothing said here about parameters holds there.
   */
  readonly doubtful: boolean
  /** A text among the values may be read as a moment (`'now'`), so the values have to be asked: see `dependsOnNow`. */
  readonly moments: boolean
}

/** What a transaction statement does. */
export interface TransactionStep {
  readonly action:
    | 'begin'
    | 'commit'
    | 'rollback'
    | 'savepoint'
    | 'release'
    | 'rollback-to'
    | 'prepare'
    | 'commit-prepared'
    | 'rollback-prepared'
  /** The savepoint or prepared transaction, folded. */
  readonly name?: string
  /** `AND CHAIN`: the next transaction begins at once. */
  readonly chain: boolean
}

/**
 * What a text leaves behind in its connection: nothing; nothing but for the rest of the transaction (`SET LOCAL`); a state that later
 * answers may depend on (`SET`, a variable, a temporary table); or a session as new (`DISCARD ALL`). Where the effects are unknown this is
 * too: a function may set a setting.
 */
export type SessionEffect = 'same' | 'transaction' | 'changed' | 'reset'

/** What one text does, read from the text alone. Frozen, and the same object for the same text. */
export interface Analysis {
  readonly dialect: Dialect
  /** The text without white space and comments after its last word: what a key is made of. */
  readonly text: string
  readonly kind: Kind
  /** Tables read, each once, a schema only where the text has one. In the order of the text. */
  readonly reads: readonly string[]
  /** Tables written or defined, in the same form. */
  readonly writes: readonly string[]
  /** `unknown`: it may write anything. */
  readonly effects: 'known' | 'unknown'
  /** Whether the answer may be kept, as far as the text tells. Views, functions and policies behind the names are not seen here. */
  readonly cacheable: boolean
  /** The first of {@link refusals}. */
  readonly why?: Reason
  readonly refusals: readonly Refusal[]
  /** The names of all functions called, as written and folded, a schema before them when the text has one. */
  readonly functions: readonly string[]
  /** Operators and types met that are not among the known ones. */
  readonly operators: readonly string[]
  readonly types: readonly string[]
  /**
   * PostgreSQL: names behind a dot (`u.total`), which are function calls when the row has no such column. The catalogue decides.
   */
  readonly fields: readonly string[]
  readonly relations: readonly Relation[]
  /** For a read: what every row with a part in the answer satisfies, table by table. */
  readonly columns: readonly Equality[]
  /** For a single write of one table. */
  readonly change?: Change
  /** For a transaction statement on its own. */
  readonly step?: TransactionStep
  /** How many statements the text holds. */
  readonly statements: number
  /** Each statement's own analysis when there are several, in order. */
  readonly parts: readonly Analysis[]
  readonly session: SessionEffect
  /** It makes or names a temporary table, which exists for one connection only. */
  readonly temporary: boolean
  readonly params: Params
}
