import type { LoaderContext } from '../cache/context.js'
import type { Core } from '../cache/core.js'
import type { Answer } from '../cache/answer.js'
import { createReading } from '../cache/reading.js'
import { read } from '../cache/read.js'
import { type ForwardReason, judgeReuse, mayServeOnError } from '../http/index.js'
import { afterwards, finishBehind } from './aftermath.js'
import { bypass } from './bypass.js'
import { goesOut } from './capture.js'
import { isFor } from './keys.js'
import type { PageSettings } from './options.js'
import { offerToRoute } from './passage.js'
import { pagePolicy } from './policy.js'
import { runAttended, runDetached } from './run-handler.js'
import type { Attempt, Made } from './run.js'
import { leftSeconds, serve } from './serve.js'
import { placeOf } from './sticky-vary.js'
import type { StoredPage } from './stored-page.js'
import type { Entered } from './visit.js'

/** Whether a visitor has stopped waiting, whether the handler runs because of them, and whether their own response is its own. */
interface Waiting {
  left: boolean
  runs: boolean
  started: boolean
}

/**
 * Has the page made, by this visit's handler or by whoever is making it already, and answers. Returns the names to look
 * further by when what was made is for others.
 */
export async function fillPage(
  entered: Entered,
  key: string,
  names: readonly string[],
  stale: StoredPage | undefined,
  /** Whether what is kept is of no use here, although it is fresh. */
  anew: boolean,
): Promise<readonly string[] | undefined> {
  const { visit, shared, headers, method } = entered
  const { core, settings } = shared
  const attempt: Attempt = { capture: undefined, own: undefined, left: false }
  const waiting: Waiting = { left: false, runs: false, started: false }
  const reason: ForwardReason = stale === undefined ? 'miss' : 'stale'
  // Only a route that takes over from the page cache in front waits for that.
  const over = visit.passage === undefined ? undefined : Promise.withResolvers<void>()
  // Whoever may be answered before the handler is done must not be who it answers.
  const softly =
    settings.softMs !== undefined &&
    stale !== undefined &&
    maySoften(stale, core.clock.now(), settings)
  const loader = async (context: LoaderContext): Promise<Made> => {
    if (waiting.left) throw new Error('the visitor does not wait any more')
    const placed = placeOf(entered, context, names)
    const place = placed instanceof Promise ? await placed : placed
    if ('pointer' in place) return place.pointer
    waiting.runs = true
    if (method === 'HEAD' || softly) return runDetached(entered, place.names, context, reason)
    waiting.started = true
    if (over !== undefined) offerToRoute(visit, attempt, over.promise)
    return runAttended(entered, place.names, context, attempt, reason)
  }
  const reading = read(
    core,
    createReading(key, loader, pagePolicy(entered, stale), {
      fresh: anew || stale?.freshness.alwaysValidate === true || entered.directives !== undefined,
    }),
  ) as Promise<Answer<Made>>
  const waited = softly
    ? orLater(core, reading, Math.min(settings.softMs, settings.hardMs ?? Infinity))
    : orTimeout(core, reading, settings.hardMs, waiting)
  let answer: Answer<Made> | undefined
  try {
    answer = await waited
  } catch (error) {
    if (!attempt.left) throw error
  } finally {
    over?.resolve()
  }
  if (attempt.left) return undefined
  const { capture } = attempt
  if (goesOut(capture?.course)) {
    afterwards(entered, key, answer)
    return undefined
  }
  capture?.release()
  if (answer === undefined && softly) {
    void finishBehind(entered, key, reading)
    serve(entered, stale)
    return undefined
  }
  if (answer === undefined) {
    const now = core.clock.now()
    if (stale && mayServeOnError(stale.freshness, now, undefined, settings.permission)) {
      serve(entered, stale)
    } else bypass(shared, visit, 'timeout')
    return undefined
  }
  afterwards(entered, key, answer)
  const { value } = answer
  if ('refused' in value) {
    // Whoever it was made for has left: another one's handler runs, and those who wait still wait for one.
    if (value.refused === 'aborted' && !waiting.started) return names
    if (attempt.own !== undefined) {
      serve(entered, attempt.own, settings.status.write({ fwd: 'stale', detail: value.refused }))
    } else if (capture !== undefined) visit.response.destroy()
    else bypass(shared, visit, value.refused)
    return undefined
  }
  if (!isFor(value, headers, settings)) return value.vary
  const page = value.page!
  serve(entered, page, statusOf(entered, answer, page, reason, waiting))
  return undefined
}

/** What `Cache-Status` says of a page that was waited for. */
function statusOf(
  { shared: { core, settings } }: Entered,
  { state }: Answer<Made>,
  page: StoredPage,
  reason: ForwardReason,
  { runs }: Waiting,
): string {
  if (state === 'stale') {
    const ttl = leftSeconds(page, core.clock.now())
    return settings.status.write({ hit: true, ttl, detail: 'stale-if-error' })
  }
  const collapsed = state === 'miss' && !runs
  return settings.status.write({
    fwd: reason,
    stored: true,
    ...(collapsed ? { collapsed } : {}),
  })
}

/** Whether a stale page may be served when the handler takes its time. */
function maySoften({ freshness }: StoredPage, now: number, { permission }: PageSettings): boolean {
  return (
    judgeReuse(freshness, now, undefined, permission) === 'stale-while-revalidate' ||
    mayServeOnError(freshness, now, undefined, permission)
  )
}

/** Undefined when it takes longer; it goes on then. */
async function orLater<T>(core: Core, promise: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const cancel = core.clock.after(ms, () => resolve(undefined))
  return Promise.race([promise, late]).finally(cancel)
}

/** Undefined when it takes too long and somebody else is doing it. */
function orTimeout<T>(
  core: Core,
  promise: Promise<T>,
  ms: number | undefined,
  waiting: Waiting,
): Promise<T | undefined> {
  if (ms === undefined) return promise
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const cancel = core.clock.after(ms, () => {
    if (waiting.started) return
    waiting.left = true
    promise.catch(() => {})
    resolve(undefined)
  })
  return Promise.race([promise, late]).finally(cancel)
}
