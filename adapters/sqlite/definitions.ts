import { createLayouts, type Layouts } from '../../src/query/layouts.js'
import { readsOf, type TableRead } from '../../src/query/reads.js'
import {
  analyze,
  createResolver,
  readCatalogue,
  sqliteCatalogueSql,
  type Analysis,
  type CatalogueRow,
  type Resolved,
  type Resolver,
} from '../../src/query/sql/index.js'
import type { Client } from './client.js'
import type { Settings } from './options.js'

/** A catalogue as it was read, with what follows texts through it. */
export interface Definitions {
  /** Files of the connection in the order in which SQLite looks for a name: `temp`, `main`, then the attached ones. */
  readonly files: readonly string[]
  readonly layouts: Layouts
  readonly resolve: Resolver
}

/** A text by the definitions. */
export interface Read {
  readonly analysis: Analysis
  readonly resolved: Resolved
  readonly reads: readonly TableRead[]
}

/** Beyond so many names that do not exist, another one costs reading everything again each time. */
const MAX_ABSENT = 1_000
/** How long definitions that could not be read are left alone. */
const RETRY_MS = 1_000

/**
 * The definitions of all files of one connection, read when they are first needed and again after they may have changed.
 */
export class DefinitionsHolder {
  readonly #client: Client
  readonly #partitions: Settings['partitions']
  readonly #onLoad: (definitions: Definitions) => void
  readonly #onError: (error: unknown) => void
  #known: Definitions | undefined
  #generation = 0
  /** Names that were not there when it was last read on their account. */
  #absent = new Set<string>()
  #versions: readonly (() => boolean)[] = []

  /** When to try again what could not be read; 0 when nothing has failed. */
  #retryAt = 0
  #isRetired = false

  constructor(
    client: Client,
    partitions: Settings['partitions'],
    onLoad: (definitions: Definitions) => void,
    onError: (error: unknown) => void,
  ) {
    this.#client = client
    this.#partitions = partitions
    this.#onLoad = onLoad
    this.#onError = onError
  }

  /** Moves whenever the definitions may have changed. */
  get generation(): number {
    if (this.#retryAt !== 0 && Date.now() >= this.#retryAt) this.outdate()
    return this.#generation
  }

  /** Something may have been defined, dropped, attached or registered. */
  outdate(): void {
    if (this.#isRetired) return
    this.#known = undefined
    this.#retryAt = 0
    this.#generation++
    this.#absent = new Set()
  }

  /** Somebody wrote: whether definitions too, each file counts its changes of them. */
  outdateIfChanged(): void {
    if (this.#known !== undefined && this.#versions.some((hasChanged) => hasChanged()))
      this.outdate()
  }

  /** Never reads them again: nothing is cached from here on. */
  retire(): void {
    this.outdate()
    this.#known = madeOf(['temp', 'main'], [], {})
    this.#versions = []
    this.#isRetired = true
  }

  /** When they cannot be read (the file is locked, its schema is damaged) there are none for a moment: nothing is cached then. */
  get(): Definitions {
    if (this.#known === undefined) {
      this.#known = this.#attempt()
      this.#onLoad(this.#known)
    }
    return this.#known
  }

  /** Reads a text. A name that is not among the definitions makes them be read once more. */
  resolve(sql: string): Read {
    const analysis = analyze(sql, 'sqlite')
    const read = readBy(this.get(), analysis)
    const { missing } = read.resolved
    if (missing.every((name) => this.#absent.has(name))) return read
    const absent = this.#absent
    this.outdate()
    this.#absent = absent
    for (const name of missing) if (absent.size < MAX_ABSENT) absent.add(name)
    return readBy(this.get(), analysis)
  }

  #attempt(): Definitions {
    try {
      return this.#load()
    } catch (error) {
      this.#retryAt = Date.now() + RETRY_MS
      this.#onError(error)
      return madeOf(['temp', 'main'], [], {})
    }
  }

  #load(): Definitions {
    const names = this.#client.rows('PRAGMA database_list').map((row) => String(row[1]))
    const files = ['temp', 'main', ...names.filter((name) => name !== 'temp' && name !== 'main')]
    this.#versions = files.map((file) => {
      const read = this.#client.number(`PRAGMA "${file.replaceAll('"', '""')}".schema_version`)
      const version = read()
      return () => read() !== version
    })
    const rows = files.flatMap((file) =>
      this.#client
        .rows(sqliteCatalogueSql(file))
        .map((row): CatalogueRow => ({ part: String(row[0]), data: row[1] })),
    )
    return madeOf(files, rows, this.#partitions)
  }
}

function readBy({ resolve, layouts }: Definitions, analysis: Analysis): Read {
  const resolved = resolve(analysis)
  return { analysis, resolved, reads: readsOf(resolved.reads, analysis, resolved, layouts) }
}

function madeOf(
  files: readonly string[],
  rows: readonly CatalogueRow[],
  partitions: Settings['partitions'],
): Definitions {
  const catalogue = readCatalogue('sqlite', rows)
  const folded = files.map((file) => file.toLowerCase())
  return {
    files,
    layouts: createLayouts(catalogue, partitions, folded),
    resolve: createResolver(catalogue, folded),
  }
}
