import type { Analysis } from './sql/index.js'

/** Settings of PostgreSQL and MySQL that no answer depends on. */
const HARMLESS =
  /^\s*set\s+(?:session\s+)?(?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout|idle_session_timeout|transaction_timeout|application_name|client_min_messages|log_min_duration_statement|synchronous_commit|max_statement_time|innodb_lock_wait_timeout|net_read_timeout|net_write_timeout|wait_timeout|interactive_timeout)\s*(?:=|to\b)\s*(?:'[^'\\]*'|[\w.]+)\s*;?\s*$/i

/**
 * Whether a connection's session is as it was when it was handed to us. What was set before that (`options`, `onConnect`) is what the
 * scope names.
 */
export class Session {
  #changed = false

  get changed(): boolean {
    return this.#changed
  }

  /** Told of each statement that was sent, whether it succeeded or not. */
  after(analysis: Analysis, unknown: boolean): void {
    if (analysis.session === 'reset' && analysis.statements === 1) this.#changed = false
    else if (unknown || changes(analysis)) this.#changed = true
  }

  /** What was sent cannot be seen. */
  doubt(): void {
    this.#changed = true
  }
}

/** Whether later answers may depend on what the text leaves behind. */
export function changes(analysis: Analysis): boolean {
  if (analysis.session !== 'changed' && analysis.session !== 'reset')
    return analysis.temporary && analysis.kind === 'ddl'
  return !HARMLESS.test(analysis.text)
}
