import type { TransactionStep } from '../../src/query/sql/index.js'

/** What a write changes: the tags that go, or everything. */
export interface Change {
  readonly tags: readonly string[]
  readonly everything: boolean
}

/**
 * What the open transaction has changed so far. Nothing of it is invalidated before it is permanent, nor if it never is.
 *
 * A savepoint marks how far it was; going back to it forgets what came after. What SQLite undoes without being asked (an `OR ROLLBACK`,
 * a full disk) is taken for permanent: that costs answers and no truth.
 */
export class Pending {
  #changes: Change[] = []
  #marks: { readonly name: string | undefined; readonly at: number }[] = []

  get isEmpty(): boolean {
    return this.#changes.length === 0
  }

  add(change: Change): void {
    this.#changes.push(change)
  }

  /** A savepoint, or what ends one, that SQLite has carried out within the transaction. */
  step({ action, name }: TransactionStep): void {
    if (action === 'savepoint') {
      this.#marks.push({ name, at: this.#changes.length })
      return
    }
    if (action !== 'release' && action !== 'rollback-to') return
    const index = this.#marks.findLastIndex((mark) => mark.name === name)
    const mark = this.#marks[index]
    // Set past us: how far it was is not known.
    if (mark === undefined) return
    if (action === 'rollback-to') this.#changes.length = mark.at
    this.#marks.length = action === 'release' ? index : index + 1
  }

  /** Savepoints may have been set past us: going back to one forgets nothing from here on. */
  forgetMarks(): void {
    this.#marks = []
  }

  /** Ends the transaction and says what it has changed, in one. */
  take(): Change {
    const changes = this.#changes
    this.#changes = []
    this.#marks = []
    return {
      tags: [...new Set(changes.flatMap(({ tags }) => tags))],
      everything: changes.some(({ everything }) => everything),
    }
  }
}
