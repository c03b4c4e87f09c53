import { tableName, type Analysis } from './sql/index.js'

/** Settings of PostgreSQL and MySQL that no answer depends on. */
const HARMLESS =
  /^\s*set\s+(?:session\s+)?(?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout|idle_session_timeout|transaction_timeout|application_name|client_min_messages|log_min_duration_statement|synchronous_commit|max_statement_time|innodb_lock_wait_timeout|net_read_timeout|net_write_timeout|wait_timeout|interactive_timeout)\s*(?:=|to\b)\s*(?:'[^'\\]*'|[\w.]+)\s*;?\s*$/i

/** Settings of PostgreSQL that decide which table a bare name means, or who asks, by which it is decided too. */
const NAMING = 'search_path|role|session_authorization'

/** Statements that set something else: a setting by its name, in PostgreSQL also by `set_config`. */
const SETS_OTHER = {
  postgres: new RegExp(
    String.raw`^\s*(?:set\s+(?:(?:session|local)\s+)?(?!"?(?:${NAMING}|session|local)\b)["\w.]+\s*(?:=|to\b)[^;]*` +
      String.raw`|set\s+(?:(?:session|local)\s+)?(?:time\s+zone|names|transaction|characteristics|constraints)\b[^;]*` +
      String.raw`|select\s+(?:pg_catalog\.)?set_config\s*\(\s*'(?!(?:${NAMING})')[\w.]+'\s*,[^();]*\)\s*);?$`,
    'i',
  ),
  mysql: /^\s*(?:set|lock)\b/i,
  sqlite: /^\s*pragma\b/i,
} as const

/**
 * Whether a connection's session is as it was when it was handed to us. What was set before that (`options`, `onConnect`) is what the
 * scope names.
 */
export class Session {
  #changed = false
  #moved = false
  /** Names that temporary tables and views have taken. */
  readonly #hidden = new Set<string>()
  readonly #told: boolean

  /** @param told It was set before it was handed to us, so that a session as new is another one. */
  constructor(told = false) {
    this.#told = told
  }

  get changed(): boolean {
    return this.#changed
  }

  /** Bare names may mean other tables than they do to a new connection. */
  get moved(): boolean {
    return this.#moved
  }

  /** Whether one of these tables, by `tableName`, may be a temporary one of the same name here, or what is behind that. */
  hides(tables: readonly string[]): boolean {
    const ends = [...this.#hidden].map((name) => tableName('', name))
    return ends.some((end) => tables.some((table) => table.endsWith(end)))
  }

  /** Told of each statement that was sent, one at a time, whether it succeeded or not: but of a reset only when it did. */
  after(analysis: Analysis, unknown: boolean): void {
    if (analysis.session === 'reset' && !this.#told) {
      this.#changed = false
      this.#moved = false
      this.#hidden.clear()
      return
    }
    if (unknown || changes(analysis)) this.#changed = true
    if (unknown || moves(analysis)) this.#moved = true
    if (analysis.temporary && analysis.dialect === 'postgres')
      for (const { name, operations } of analysis.relations)
        if (operations.includes('define')) this.#hidden.add(name)
  }

  /** What was sent cannot be seen. */
  doubt(): void {
    this.#changed = true
    this.#moved = true
  }
}

/** Whether later answers may depend on what the text leaves behind. */
export function changes(analysis: Analysis): boolean {
  const { session, text } = analysis
  return (session === 'changed' || session === 'reset') && !HARMLESS.test(text)
}

/** Whether bare names may mean other tables afterwards. */
function moves({ session, kind, statements, text, dialect }: Analysis): boolean {
  if (session === 'same' || kind === 'ddl') return false
  return statements > 1 || !(HARMLESS.test(text) || SETS_OTHER[dialect].test(text))
}
