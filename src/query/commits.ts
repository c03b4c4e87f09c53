import type { Listeners } from '../base/listeners.js'
import type { Cache } from '../cache/cache.js'
import { coreOf } from '../cache/cache.js'
import type { Receipt } from '../cache/change.js'
import type { CatalogueHolder } from './catalogue-holder.js'
import type { TableChange } from './change.js'
import type { Partitions } from './partitions.js'
import { rooted, tagsOfChanges } from './rooted.js'
import { databaseTag, definitionsTag } from './tags.js'
import type { Pending } from './transaction.js'
import type { Commit, CommitOutcome, QueryConnection, QueryHooks, QueryEvents } from './types.js'

/** After an outcome that is not known the server may still be at work: when it is invalidated again. */
const AGAIN_MS = [1_000, 10_000] as const

export interface CommitsOptions {
  readonly cache: Cache
  readonly database: string
  readonly holder: CatalogueHolder
  readonly partitions: Partitions
  readonly listeners: Listeners<QueryEvents>
}

/** Turns what was changed into tags that are invalidated, with the steps around it. */
export class Commits {
  readonly #options: CommitsOptions
  /** Replaced when it changes, so that who goes through it goes through all of it. */
  hooks: readonly QueryHooks[] = []

  constructor(options: CommitsOptions) {
    this.#options = options
  }

  /** Whether steps stand before or after, which have to be waited for. */
  get guarded(): boolean {
    return this.hooks.length > 0
  }

  /** What a pending change will be. */
  commit(pending: Pending, connection: QueryConnection | undefined): Commit {
    const everything = pending.everything !== undefined || pending.redefined
    const changes = this.rooted(pending.changes)
    return Object.freeze({
      changes: everything ? [] : changes,
      tables: [...new Set(changes.map(({ table }) => table))],
      everything,
      tags: everything ? this.#everything(pending.redefined) : this.tags(changes),
      connection,
    })
  }

  /** Changes by the tables that tags are named by. */
  rooted(changes: readonly (string | TableChange)[]): readonly TableChange[] {
    return rooted(changes, this.#options.holder.latest)
  }

  tags(changes: readonly TableChange[]): readonly string[] {
    const { database, holder, partitions } = this.#options
    return tagsOfChanges(database, changes, holder.latest, partitions)
  }

  #everything(redefined: boolean): readonly string[] {
    const { database } = this.#options
    return redefined ? [databaseTag(database), definitionsTag(database)] : [databaseTag(database)]
  }

  async before(commit: Commit): Promise<void> {
    const passed: QueryHooks[] = []
    try {
      for (const hook of this.hooks) {
        await hook.beforeCommit?.(commit)
        passed.push(hook)
      }
    } catch (error) {
      for (const hook of passed) await this.#attempt(() => hook.settled?.(commit, 'rolled-back'))
      throw error
    }
  }

  /** Invalidates what a commit changed, unless it did not happen. */
  async after(
    commit: Commit,
    outcome: CommitOutcome,
    pending: Pending,
    reason: string,
  ): Promise<void> {
    for (const hook of this.hooks) await this.#attempt(() => hook.afterCommit?.(commit, outcome))
    if (outcome !== 'rolled-back') {
      if (pending.redefined) this.#options.holder.outdate('a definition changed')
      const more = this.commit(pending, commit.connection)
      const tags = new Set([...commit.tags, ...more.tags])
      const everything = commit.everything || more.everything
      const all =
        tags.size === commit.tags.length ? commit : { ...more, everything, tags: [...tags] }
      await this.invalidate(all, reason)
      if (outcome === 'unknown') this.#again(all)
    }
    for (const hook of this.hooks) await this.#attempt(() => hook.settled?.(commit, outcome))
  }

  /** A failed invalidation is told and kept by the cache; it never fails the statement, which has been executed. */
  async invalidate(commit: Commit, reason: string): Promise<Receipt | undefined> {
    const { cache, listeners } = this.#options
    for (const hook of this.hooks) await this.#attempt(() => hook.beforeInvalidate?.(commit))
    let receipt: Receipt | undefined
    try {
      receipt = await cache.invalidateTags(commit.tags)
    } catch (error) {
      listeners.emit('error', { error, operation: 'invalidate' })
    }
    if (listeners.wants('changed')) {
      const { changes, everything, tags } = commit
      listeners.emit('changed', { changes, everything, tags, reason })
    }
    return receipt
  }

  #again(commit: Commit): void {
    const { clock } = coreOf(this.#options.cache)
    for (const ms of AGAIN_MS)
      clock.after(ms, () => {
        if (!coreOf(this.#options.cache).closed) void this.invalidate(commit, 'unknown outcome')
      })
  }

  async #attempt(step: () => unknown): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.#options.listeners.emit('error', { error, operation: 'hook' })
    }
  }
}
