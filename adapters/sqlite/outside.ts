import type { Client } from './client.js'

/** What has happened since the last look: nothing, a write of another connection, a write of this one that was not seen to be made. */
export type Look = 'same' | 'outside' | 'unseen'

/**
 * Notices writes that nobody told of, by asking SQLite.
 *
 * `PRAGMA data_version` changes when another connection, in this process or another, has committed to the file, in every journal
 * mode; each attached file has its own. It opens a read transaction to look, which is what a read by primary key spends its time on
 * too: 2 µs with a write-ahead log, 6 µs with a rollback journal, measured on one core of a shared machine.
 * `total_changes()` counts the rows that this connection has changed, also by triggers and foreign keys, and never goes back: 0.4 µs.
 */
export class Outside {
  readonly #client: Client
  readonly #asks: boolean
  readonly #changes: () => number
  #versions: { readonly read: () => number; last: number }[] = []
  #changed = 0

  /** @param asks Whether other connections may write. */
  constructor(client: Client, asks: boolean) {
    this.#client = client
    this.#asks = asks
    this.#changes = client.number('SELECT total_changes()')
    this.rest()
  }

  /** Looks at these files of the connection from now on. */
  follow(files: readonly string[]): void {
    if (!this.#asks) return
    this.#versions = files.map((file) => {
      const read = this.#client.number(`PRAGMA "${file.replaceAll('"', '""')}".data_version`)
      return { read, last: orNone(read) }
    })
  }

  /** Takes the rows changed so far as seen. */
  rest(): void {
    this.#changed = this.#changes()
  }

  /** Whether this connection changed rows since the last `rest`. */
  get unseen(): boolean {
    return this.#changes() !== this.#changed
  }

  /**
   * Says what has happened, once. It throws what SQLite throws when the file cannot be read now (`SQLITE_BUSY`).
   */
  look(): Look {
    let look: Look = 'same'
    for (const version of this.#versions) {
      const now = version.read()
      if (now === version.last) continue
      version.last = now
      look = 'outside'
    }
    if (look !== 'same') return look
    if (!this.unseen) return 'same'
    this.rest()
    return 'unseen'
  }
}

/** A file that cannot be read now has changed when it can. */
function orNone(read: () => number): number {
  try {
    return read()
  } catch {
    return Number.NaN
  }
}
