import type { TableChange } from './change.js'
import type { Dialect, TransactionStep } from './sql/index.js'

/** Changes on their way to becoming permanent. */
export interface Pending {
  readonly changes: TableChange[]
  /** Why it is not known what changes; undefined when it is. */
  everything: string | undefined
  /** Definitions change too. */
  redefined: boolean
}

export function noPending(): Pending {
  return { changes: [], everything: undefined, redefined: false }
}

export function isEmpty({ changes, everything, redefined }: Pending): boolean {
  return changes.length === 0 && everything === undefined && !redefined
}

export function merge(into: Pending, from: Pending): void {
  into.changes.push(...from.changes)
  into.everything ??= from.everything
  if (from.redefined) into.redefined = true
}

/** What a savepoint begins; the first frame of a transaction has no name. */
interface Frame {
  readonly name: string | undefined
  readonly pending: Pending
}

/** Beyond this many changes in one transaction they are told by table, not by row. */
const MAX_CHANGES = 1_000

/**
 * What one transaction has changed so far, savepoint by savepoint. Steps are told when they have succeeded, in their order. Pure: no
 * connection, no time.
 */
export class Transaction {
  readonly #dialect: Dialect
  #frames: Frame[] = []

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  get active(): boolean {
    return this.#frames.length > 0
  }

  /** All that would be permanent after a COMMIT. */
  get pending(): Pending {
    const all = noPending()
    for (const frame of this.#frames) merge(all, frame.pending)
    return all
  }

  /** Notes what a statement within it did. */
  add(pending: Pending): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return
    merge(frame.pending, pending)
    const { changes } = frame.pending
    if (changes.length > MAX_CHANGES) {
      const tables = new Set(changes.map(({ table }) => table))
      changes.length = 0
      for (const table of tables) changes.push({ table })
    }
  }

  begin(): void {
    if (!this.active) this.#open(undefined)
  }

  /** Ends it; what was pending is the caller's now. */
  take(): Pending {
    const all = this.pending
    this.#frames = []
    return all
  }

  /** What a successful step makes permanent. */
  step({ action, name, chain }: TransactionStep): Pending | undefined {
    switch (action) {
      case 'begin': {
        // MySQL commits the transaction that was open; PostgreSQL warns and goes on with it.
        const before = this.active && this.#dialect === 'mysql' ? this.take() : undefined
        this.begin()
        return before
      }
      case 'commit':
      case 'prepare':
        return this.#end(chain)
      case 'rollback':
        this.#end(chain)
        return undefined
      case 'savepoint':
        this.#savepoint(name ?? '')
        return undefined
      case 'release':
        return this.#release(name ?? '')
      case 'rollback-to':
        this.#rollbackTo(name ?? '')
        return undefined
      case 'commit-prepared':
      case 'rollback-prepared':
        return undefined
    }
    return undefined
  }

  #end(chain: boolean): Pending {
    const all = this.take()
    if (chain) this.begin()
    return all
  }

  #open(name: string | undefined): void {
    this.#frames.push({ name, pending: noPending() })
  }

  #savepoint(name: string): void {
    // Outside of a transaction: SQLite begins one that ends with the savepoint; in MySQL it means nothing.
    if (!this.active && this.#dialect !== 'sqlite') return
    // It hides an older one of its name. MySQL forgets that one, so it cannot be gone back to either.
    this.#open(name)
  }

  #release(name: string): Pending | undefined {
    const at = this.#find(name)
    if (at === -1) return undefined
    const released = noPending()
    for (const frame of this.#frames.splice(at)) merge(released, frame.pending)
    const outer = this.#frames.at(-1)
    if (outer === undefined) return released
    merge(outer.pending, released)
    return undefined
  }

  #rollbackTo(name: string): void {
    const at = this.#find(name)
    if (at === -1) return
    this.#frames.length = at
    this.#open(name)
  }

  #find(name: string): number {
    const folded = this.#dialect === 'postgres' ? name : name.toLowerCase()
    return this.#frames.findLastIndex(
      (frame) => (this.#dialect === 'postgres' ? frame.name : frame.name?.toLowerCase()) === folded,
    )
  }
}
