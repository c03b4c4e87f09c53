import { invalidOption } from '../base/errors.js'
import { type Cache, coreOf } from '../cache/cache.js'
import { report } from '../cache/core.js'
import { type PurgeRequest, purgeRequests, type PurgeTarget } from '../http/index.js'

/** What has become unusable, for those who keep copies of pages elsewhere. */
export interface Purged {
  /** Each once: those of what pages are made from, and `page:` with the URL of a page that was invalidated by that. */
  readonly tags: readonly string[]
  /** The whole cache was cleared. */
  readonly all: boolean
}

/** Tells others, a CDN for instance, to forget. What it throws or rejects with is an `error` event of the cache. */
export type Purge = (purged: Purged) => unknown

/** Who is told already: a function is told once, however many routes name it. */
const told = new WeakMap<Cache, WeakSet<Purge>>()

/**
 * Calls `purge` after each invalidation that this process makes; others call theirs. Invalidations that come while one is told
 * are told together after it, so a flood of them is few calls.
 */
export function purgeAfter(cache: Cache, purge: Purge): void {
  const functions = told.get(cache) ?? new WeakSet()
  told.set(cache, functions)
  if (functions.has(purge)) return
  functions.add(purge)
  const core = coreOf(cache)
  let tags = new Set<string>()
  let all = false
  let telling = false
  const tell = async (): Promise<void> => {
    while (tags.size > 0 || all) {
      const purged = { tags: [...tags], all }
      tags = new Set()
      all = false
      try {
        await purge(purged)
      } catch (error) {
        report(core, error, 'purge')
      }
    }
    telling = false
  }
  cache.on('invalidate', (said) => {
    if (said.remote) return
    for (const tag of said.tags ?? []) tags.add(tag)
    all ||= said.all === true
    if (telling || (tags.size === 0 && !all)) return
    telling = true
    // What is invalidated in one go is told in one go.
    queueMicrotask(() => void tell())
  })
}

/** Sends a request; `fetch`, or something like it. */
export type SendRequest = (
  url: string,
  request: Omit<PurgeRequest, 'url'>,
) => Promise<{ readonly ok: boolean; readonly status: number }>

/**
 * A `purge` for a CDN that purges by tag, by the requests of `purgeRequests`. A clearing of the whole cache is not passed on: that
 * is for a human to decide.
 *
 * Its promise rejects when a request fails or is refused, after all have been sent.
 */
export function purgeCdn(target: PurgeTarget, send: SendRequest = fetch): Purge {
  if (typeof send !== 'function') throw invalidOption('send', 'a function', send)
  purgeRequests(target, [])
  return async ({ tags }) => {
    const outcomes = await Promise.allSettled(
      purgeRequests(target, tags).map(async ({ url, ...request }) => {
        const { ok, status } = await send(url, request)
        if (!ok) throw new Error(`${target.cdn} answered a purge with ${status}`)
      }),
    )
    const failed = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    if (failed.length > 0) throw new AggregateError(failed, `${target.cdn} was not purged`)
  }
}
