import { hash } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import { createLayouts, type Layouts } from './layouts.js'
import type { Partitions } from './partitions.js'
import {
  CATALOGUE_SQL,
  SEARCH_PATH_SQL,
  createResolver,
  readCatalogue,
  type Catalogue,
  type CatalogueRow,
  type Dialect,
  type Resolver,
} from './sql/index.js'

type MaybePromise<T> = T | Promise<T>

/** The database's definitions at one moment, and what follows from them. */
export interface Known extends Layouts {
  readonly catalogue: Catalogue
  readonly resolver: Resolver
  /** The same where nobody knows which schemas a bare name is looked for in. */
  readonly anywhere: () => Resolver
  readonly searchPath: readonly string[]
  /** Distinct for distinct definitions. */
  readonly digest: string
  readonly loadedAt: number
}

export interface HolderOptions {
  readonly dialect: Dialect
  readonly describe: ((sql: string) => MaybePromise<readonly object[]>) | undefined
  readonly searchPath: readonly string[] | undefined
  readonly partitions: Partitions
  readonly maxAgeMs: number
  readonly clock: Clock
  /** Run with the first load. */
  readonly prepare: (() => Promise<void>) | undefined
  readonly onLoaded: (known: Known, before: Known | undefined, reason: string, ms: number) => void
  readonly onError: (error: unknown) => void
}

/** After a failed load, and for a name that is not there, how long until it is tried again. */
const PAUSE_MS = 5_000
const MAX_MISSED = 1_000

/**
 * Holds the catalogue, and loads it again when a definition changed, a name is not known, or it is old. One load at a time; those who
 * come while one runs for a reason that arose after it began get another behind it.
 */
export class CatalogueHolder {
  readonly #options: HolderOptions
  #known: Known | undefined
  #stale: string | undefined = 'first use'
  /** What is known is not true any more; not only that it may not be. */
  #wrong = false
  /** The same, while that is being loaded. */
  #replacing = false
  #loading: Promise<Known | undefined> | undefined
  #failedAt = -Infinity
  #prepared: Promise<void> | undefined
  readonly #missed = new Map<string, number>()

  constructor(options: HolderOptions) {
    this.#options = options
  }

  /** What is known now, unless it is known to be out of date. */
  get current(): Known | undefined {
    return this.#stale === undefined && !this.#replacing ? this.#known : undefined
  }

  /** The same, even if a definition has changed since: better than nothing for a guess, not for a promise. */
  get latest(): Known | undefined {
    return this.#known
  }

  /** True when the next use should load, ahead of need or because of it. */
  get due(): boolean {
    const { describe, clock, maxAgeMs } = this.#options
    if (describe === undefined || clock.now() < this.#failedAt + PAUSE_MS) return false
    return (
      this.#stale !== undefined ||
      this.#replacing ||
      this.#known === undefined ||
      clock.now() >= this.#known.loadedAt + maxAgeMs
    )
  }

  /** Makes what is known out of date. */
  outdate(reason: string): void {
    this.#wrong = true
    this.#suspect(reason)
  }

  #suspect(reason: string): void {
    this.#stale ??= reason
    this.#failedAt = -Infinity
  }

  /** A name was not found: true when it is worth a load, which is due then. Asked again for the same name only after a while. */
  miss(names: readonly string[]): boolean {
    const now = this.#options.clock.now()
    const fresh = names.filter((name) => now >= (this.#missed.get(name) ?? -Infinity))
    if (fresh.length === 0 || this.#options.describe === undefined) return false
    if (this.#missed.size > MAX_MISSED) this.#missed.clear()
    for (const name of fresh) this.#missed.set(name, now + PAUSE_MS)
    this.#suspect(`unknown name ${fresh[0]}`)
    return true
  }

  /** Loads where that is due; never rejects. At once when `describe` answers at once. */
  load(): MaybePromise<Known | undefined> {
    if (this.#loading !== undefined) {
      const running = this.#loading
      return this.#stale === undefined ? running : running.then(() => this.load())
    }
    if (!this.due) return this.current
    const loaded = this.#loadNow()
    if (!(loaded instanceof Promise)) return loaded
    this.#loading = loaded.finally(() => (this.#loading = undefined))
    return this.#loading
  }

  #loadNow(): MaybePromise<Known | undefined> {
    const { describe, dialect, clock, prepare } = this.#options
    const reason = this.#stale ?? 'age'
    const startedAt = clock.now()
    // What changes while it runs makes it out of date again.
    this.#stale = undefined
    this.#replacing = this.#wrong
    this.#wrong = false
    const finish = (rows: readonly object[], path: readonly string[]): Known => {
      const known = this.#build(rows as readonly CatalogueRow[], path, startedAt)
      const before = this.#known
      this.#known = known.digest === before?.digest ? { ...before, loadedAt: startedAt } : known
      this.#replacing = false
      this.#options.onLoaded(this.#known, before, reason, clock.now() - startedAt)
      return this.#known
    }
    const fail = (error: unknown): undefined => {
      this.#stale ??= reason
      this.#wrong ||= this.#replacing
      this.#replacing = false
      this.#failedAt = clock.now()
      this.#options.onError(error)
      return undefined
    }
    try {
      const rows = describe!(CATALOGUE_SQL[dialect])
      if (!(rows instanceof Promise)) {
        const path = this.#searchPath()
        if (!(path instanceof Promise) && prepare === undefined) return finish(rows, path)
      }
      return this.#loadLater(rows).then(({ all, path }) => finish(all, path), fail)
    } catch (error) {
      return fail(error)
    }
  }

  /** One after the other: a pool may have one connection to give. */
  async #loadLater(
    rows: MaybePromise<readonly object[]>,
  ): Promise<{ readonly all: readonly object[]; readonly path: readonly string[] }> {
    this.#prepared ??= this.#options.prepare?.()
    const all = await rows
    const path = await this.#searchPath()
    await this.#prepared
    return { all, path }
  }

  #searchPath(): MaybePromise<readonly string[]> {
    const { describe, dialect, searchPath } = this.#options
    if (searchPath !== undefined) return searchPath
    if (dialect === 'sqlite') return ['temp', 'main']
    const rows = describe!(SEARCH_PATH_SQL[dialect])
    return rows instanceof Promise ? rows.then(pathIn) : pathIn(rows)
  }

  #build(rows: readonly CatalogueRow[], searchPath: readonly string[], loadedAt: number): Known {
    const catalogue = readCatalogue(this.#options.dialect, rows)
    const resolver = createResolver(catalogue, searchPath)
    let everywhere: Resolver | undefined
    const anywhere = (): Resolver => (everywhere ??= createResolver(catalogue, undefined))
    const texts = rows.map(({ part, data }) =>
      typeof data === 'string' ? `${part} ${data}` : `${part} ${JSON.stringify(data)}`,
    )
    const digest = hash('sha256', JSON.stringify([searchPath, texts.toSorted()]), 'base64url')
    const layouts = createLayouts(catalogue, this.#options.partitions, searchPath)
    return { catalogue, resolver, anywhere, searchPath, digest, loadedAt, ...layouts }
  }
}

function pathIn(rows: readonly object[]): readonly string[] {
  const { path } = (rows[0] ?? {}) as { path?: unknown }
  const parsed: unknown = typeof path === 'string' ? JSON.parse(path) : path
  return Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : []
}
