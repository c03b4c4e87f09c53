import { Listeners } from '../../src/base/listeners.js'
import { databaseTag, type TableChange } from '../../src/query/index.js'
import type { Layouts } from '../../src/query/layouts.js'
import { readTags, type ReadTags } from '../../src/query/reads.js'
import { rooted, tagsOfChanges } from '../../src/query/rooted.js'
import { dependsOnNow } from '../../src/query/sql/index.js'
import { changesIn } from '../../src/query/write.js'
import { Answers } from './answers.js'
import { clientOf, type Client } from './client.js'
import { DefinitionsHolder } from './definitions.js'
import type { SqliteCacheEvents } from './events.js'
import type { Settings } from './options.js'
import { Outside } from './outside.js'
import { allValues, keyOfGiven, readGiven, valuesIn, type Given } from './parameters.js'
import { Pending, type Change } from './pending.js'
import { Plans, type Plan } from './plan.js'
import type { SqliteDatabase } from './types.js'

/** Pragmas after which an answer does not follow from what is committed. */
const TREACHEROUS = /\b(?:read_uncommitted|writable_schema)\b/i
const EVERYTHING: Change = { tags: [], everything: true }

/** A statement on its way, with the plan that was made for it; a newer one takes its place. */
export interface Planned {
  plan: Plan
}

/**
 * One connection with its kept answers: which statements are answered from them, and what each statement does to them.
 *
 * A connection of SQLite is its own session: settings, attached files, temporary tables and functions belong to everything that is asked
 * through it. When they change, all answers go. Before each answer it looks for what was written past it.
 */
export class Connection {
  readonly client: Client
  readonly settings: Settings
  readonly answers: Answers
  readonly definitions: DefinitionsHolder
  readonly plans: Plans
  readonly events: Listeners<SqliteCacheEvents> = new Listeners()
  /** Kept whether anybody listens or not. */
  readonly counts = { hits: 0, misses: 0, bypasses: 0, invalidations: 0 }
  /** An authorizer of the application decides what may be read. */
  authorized = false
  readonly #outside: Outside
  readonly #pending = new Pending()
  /** The tag of everything. */
  readonly everything: string
  /** As they were last read. */
  #layouts: Layouts | undefined
  /** Definitions have changed in the open transaction: they change back when it is undone. */
  #defined = false
  /** A pragma was set after which nothing can be kept. */
  isTreacherous: boolean

  constructor(database: SqliteDatabase, settings: Settings) {
    this.client = clientOf(database)
    this.settings = settings
    this.answers = new Answers(settings)
    this.everything = databaseTag(settings.database)
    this.isTreacherous = this.client.number('PRAGMA read_uncommitted')() !== 0
    this.#outside = new Outside(this.client, !settings.onlyWriter)
    this.definitions = new DefinitionsHolder(
      this.client,
      settings.partitions,
      ({ layouts, files }) => {
        this.#layouts = layouts
        this.#outside.follow(files.filter((file) => file !== 'temp'))
      },
      (error) => this.events.emit('error', { error, operation: 'definitions' }),
    )
    this.plans = new Plans(this.definitions, settings.ttlMs)
  }

  /** Answers from what is kept, or runs `query` and keeps what it answers, where that is allowed. */
  read(planned: Planned, mode: string, values: readonly unknown[], query: () => unknown): unknown {
    const isOutside = !this.client.inTransaction() && this.lookAround()
    const plan = this.#renew(planned)
    if (plan.use === 'change') return this.run(planned, values, query)
    if (!isOutside) return this.#pass(plan, values, query)
    const given = readGiven(values)
    const parameters = given && this.#mayAnswer(plan, given) ? keyOfGiven(given) : undefined
    if (given === undefined || parameters === undefined) return this.#pass(plan, values, query)
    const key = `${plan.id}${mode}${parameters}`
    const { events } = this
    const kept = this.answers.get(key)
    if (kept !== undefined) {
      this.counts.hits++
      if (events.wants('hit')) events.emit('hit', { sql: plan.sql, key })
      return kept.value
    }
    this.counts.misses++
    if (events.wants('miss')) events.emit('miss', { sql: plan.sql, key })
    const { tags, absent } = this.tagsOf(plan, given)
    const noted = { tags: [...tags, ...absent], ttlMs: plan.ttlMs }
    return this.answers.load(key, noted, (answer) => (isEmpty(answer) ? noted.tags : tags), query)
  }

  /** Runs what is not answered from what is kept, and draws the conclusions. */
  run<T>(planned: Planned, values: readonly unknown[], execute: () => T): T {
    const plan = this.#renew(planned)
    if (plan.use !== 'change') return this.#pass(plan, values, execute)
    const { step, statements, kind } = plan.analysis
    return this.#around(execute, (failed) => {
      if (step !== undefined) {
        if (!failed) this.#pending.step(step)
        return !failed && step.action === 'rollback'
      }
      this.#pending.add(this.changeOf(plan, readGiven(values)))
      this.#concludeSession(plan)
      if (statements > 1 || kind === 'unknown') this.#pending.forgetMarks()
      return false
    })
  }

  /** Runs something of the client's own that may change what is read, or how: all answers go, and definitions are read again. */
  upset<T>(execute: () => T): T {
    return this.#around(execute, () => {
      this.#pending.add(EVERYTHING)
      this.#pending.forgetMarks()
      this.reset()
      return false
    })
  }

  /**
   * Runs something after which nothing more is cached on this connection.
   *
   * That is `deserialize`: once SQLite has been given another content, reading its description of itself (`pragma_function_list` and its
   * like, used before and after) ends the process, seen in Node 24.21 without keepfresh.
   */
  retire<T>(execute: () => T): T {
    return this.upset(() => {
      const result = execute()
      this.definitions.retire()
      return result
    })
  }

  /** Runs the whole of a transaction that the client begins and ends by itself; the statements within come as usual. */
  transaction<T>(execute: () => T): T {
    const isInner = this.client.inTransaction()
    return this.#around(execute, (failed) => {
      this.#noticeUnseen(true)
      return failed && !isInner
    })
  }

  /** Everything goes: what is kept, and what is known of the definitions. */
  reset(): void {
    this.definitions.outdate()
    this.#apply(EVERYTHING)
  }

  /**
   * Looks for what was written past us, and lets go of what it may have changed. False when the file cannot be asked now.
   */
  lookAround(): boolean {
    // The transaction was ended past us.
    if (!this.#pending.isEmpty && !this.client.inTransaction()) this.#apply(this.#pending.take())
    try {
      const look = this.#outside.look()
      if (look === 'same') return true
      this.definitions.outdateIfChanged()
      this.#tellOutside(look === 'outside' ? 'another connection' : 'this connection')
      return true
    } catch {
      return false
    }
  }

  /** Told by the application: rows changed in ways that no statement here shows. */
  told(changes: readonly (string | TableChange)[]): void {
    this.#apply(this.#toldChange(changes))
  }

  invalidateTags(tags: readonly string[]): void {
    this.#apply({ tags, everything: false })
  }

  /** The tags of an answer. */
  tagsOf(plan: Plan, given: Given | undefined): ReadTags {
    const { tags, absent } = readTags(plan.reads, this.settings.database, given && valuesIn(given))
    return { tags: [...tags, ...(plan.options.tags ?? [])], absent }
  }

  /** What a statement changes. */
  changeOf(plan: Plan, given: Given | undefined): Change {
    const { sql, options, analysis, resolved } = plan
    if (options.invalidates !== undefined) return this.#toldChange(options.invalidates)
    const isKnown = resolved.effects === 'known' && !resolved.defines
    if (isKnown && analysis.session !== 'changed') {
      const changes = changesIn(resolved, this.#layouts, given && valuesIn(given))
      return this.#changeBy(changes, this.#layouts)
    }
    if (resolved.effects === 'unknown' && this.events.wants('unknown-write'))
      this.events.emit('unknown-write', { sql, detail: resolved.refusals[0]?.detail ?? '' })
    return EVERYTHING
  }

  /** The plan by the present definitions. */
  #renew(planned: Planned): Plan {
    const { sql, options, optionsKey, generation } = planned.plan
    if (generation !== this.definitions.generation)
      planned.plan = this.plans.make(sql, optionsKey, options)
    return planned.plan
  }

  #mayAnswer({ use, analysis }: Plan, given: Given): boolean {
    if (use !== 'answer' || this.isTreacherous || this.authorized) return false
    return !analysis.params.moments || !dependsOnNow(analysis, allValues(given))
  }

  /** What is being made from the answer depends on it, kept or not. */
  #pass<T>(plan: Plan, values: readonly unknown[], query: () => T): T {
    this.counts.bypasses++
    if (this.answers.isWatched && plan.resolved.reads.length > 0) {
      const { tags, absent } = this.tagsOf(plan, readGiven(values))
      this.answers.note([...tags, ...absent])
    }
    return query()
  }

  /** @param conclude Says whether the transaction that has ended was undone. */
  #around<T>(execute: () => T, conclude: (failed: boolean) => boolean): T {
    const { client } = this
    const isInside = this.isOpen && client.inTransaction()
    if (!isInside && !this.#pending.isEmpty) this.#apply(this.#pending.take())
    this.#noticeUnseen(isInside)
    let failed = true
    try {
      const result = execute()
      failed = false
      return result
    } finally {
      const isUndone = conclude(failed)
      if (!this.isOpen || !client.inTransaction()) {
        const change = this.#pending.take()
        if (!isUndone) this.#apply(change)
        if (this.#defined) this.definitions.outdate()
        this.#defined = false
      }
      if (this.isOpen) this.#outside.rest()
    }
  }

  get isOpen(): boolean {
    const database = this.client.database as { readonly isOpen?: boolean; readonly open?: unknown }
    return (this.client.kind === 'node' ? database.isOpen : database.open) === true
  }

  /** This connection changed rows, and not through us. */
  #noticeUnseen(isInside: boolean): void {
    if (!this.isOpen || !this.#outside.unseen) return
    this.#outside.rest()
    if (isInside) this.#pending.add(EVERYTHING)
    else this.#tellOutside('this connection')
  }

  #tellOutside(by: 'another connection' | 'this connection'): void {
    this.#apply(EVERYTHING)
    if (this.events.wants('outside-write')) this.events.emit('outside-write', { by })
  }

  #concludeSession({ analysis, resolved }: Plan): void {
    if (analysis.session !== 'changed' && !resolved.defines) return
    this.definitions.outdate()
    this.#defined = true
    if (analysis.session !== 'changed') return
    // Settings change at once, and do not change back.
    this.#apply(EVERYTHING)
    if (TREACHEROUS.test(analysis.text)) this.isTreacherous = true
  }

  /** A table that is not known by its name may be any. */
  #toldChange(told: readonly (string | TableChange)[]): Change {
    const { layouts } = this.definitions.get()
    const changes = rooted(told, layouts)
    const isKnown = changes.every(({ table }) => layouts.layout(table) !== undefined)
    return isKnown ? this.#changeBy(changes, layouts) : EVERYTHING
  }

  #changeBy(changes: readonly TableChange[], layouts: Layouts | undefined): Change {
    const { database, partitions } = this.settings
    const tags = tagsOfChanges(database, changes, layouts, partitions)
    return { tags, everything: false }
  }

  #apply({ tags, everything }: Change): void {
    if (everything) this.answers.clear(this.everything)
    else if (tags.length > 0) this.answers.invalidate(tags)
    else return
    this.counts.invalidations++
    if (this.events.wants('changed')) this.events.emit('changed', { tags, everything })
  }
}

function isEmpty(answer: unknown): boolean {
  return answer === undefined || (Array.isArray(answer) && answer.length === 0)
}
