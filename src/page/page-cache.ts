import type { IncomingMessage, ServerResponse } from 'node:http'
import { Recent } from '../base/recent.js'
import { type Cache, coreOf } from '../cache/cache.js'
import { dropKeys } from '../cache/change.js'
import type { LoaderContext } from '../cache/context.js'
import { type Core, report } from '../cache/core.js'
import { useCore } from '../cache/first-use.js'
import type { Policy } from '../cache/options.js'
import { type Answer, createReading, lookupShared, read } from '../cache/read.js'
import { runInScope } from '../cache/scope.js'
import {
  type FieldLine,
  type FieldValues,
  type ForwardReason,
  isSafeMethod,
  judgeReuse,
  type KeyedTarget,
  linesFromFields,
  mayServeOnError,
  mergeVary,
  parseRequestCacheControl,
  fieldValue,
  remainingMs,
  type RequestDirectives,
} from '../http/index.js'
import { answerFrom, sendAnswer } from './answer.js'
import { watchChange } from './change.js'
import { createDetached } from './detached.js'
import { createPageKeys, isFor, type PageKeys, pageTag, VariantBound } from './keys.js'
import { type Attempt, type Made, makePage, type Run } from './make.js'
import { type PageOptions, type PageSettings, resolvePageOptions } from './options.js'
import type { Kept, StoredPage } from './stored-page.js'

/**
 * The page cache: one run of the handler per page and variant, on all servers, and everybody else from storage.
 *
 * It is an entry of the cache like any other, made by a loader that runs the handler, so leases, tags and the dependency scope
 * hold for it as they do for a value. What is different:
 *
 * - What a page varies on is known only when it has been made. A key holds what was made for it, with the names it varies on;
 *   a visitor who differs goes on to the key of those names, and so on. Names only ever grow, so this ends.
 * - Somebody is waiting for the response while it is being made: it goes out to them as the handler writes it.
 * - A response may turn out to be for one visitor. Then nothing of it reaches those who waited: each runs the handler.
 */

/** One request that arrived, and the two ways on. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Lets the handler answer this very request. */
  readonly proceed: () => void
  /** Has the application answer another request: from the start, as if it had arrived. */
  readonly again: (request: IncomingMessage, response: ServerResponse) => void
  /** Where the framework keeps `user`, `session` and `cookies`. */
  readonly subject: object
  /** The request target as it arrived, where the framework has changed it. Default: that of the request. */
  readonly target?: string | undefined
  /** Told the target that the handler may see, before it runs. */
  readonly narrow?: (target: string) => void
  /** Told that the answer comes from here and not from the framework. */
  readonly answering?: () => void
}

export interface PageCache {
  /** Answers a visit from storage, or lets the handler answer it. Never throws. */
  visit(visit: Visit): void
  /** Makes all variants of these URLs unusable, on every server. Absolute, or paths where there is one host. */
  invalidate(...urls: readonly string[]): Promise<void>
}

/** How long after a response that was for one visitor the next ones do not wait for each other, ms. */
const PASS_MS = 1_000
const VARY_TTL_MS = 30 * 86_400_000
const MAX_STEPS = 8

/** Requests that this package has made itself, and how their handler is to run. */
const detachedRuns = new WeakMap<IncomingMessage, (visit: Visit) => void>()

interface Shared {
  readonly cache: Cache
  readonly core: Core
  readonly settings: PageSettings
  readonly keys: PageKeys
  readonly bound: VariantBound
  /** Keys whose last response was for one visitor: until when nobody waits for another. */
  readonly passes: Recent<number>
  readonly refreshing: Set<string>
}

/** One visit with what is known of it. */
interface Entered {
  readonly visit: Visit
  readonly at: KeyedTarget
  /** The fields the request arrived with. */
  readonly headers: FieldValues
  readonly method: string
  readonly directives: RequestDirectives | undefined
  readonly shared: Shared
}

interface Found {
  readonly kept: Kept
  readonly fresh: boolean
}

/**
 * Makes a page cache over a cache.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value.
 */
export function createPageCache(cache: Cache, options: PageOptions = {}): PageCache {
  const settings = resolvePageOptions(options)
  const keys = createPageKeys(settings)
  const shared: Shared = {
    cache,
    core: coreOf(cache),
    settings,
    keys,
    bound: new VariantBound(settings.maxVariants),
    passes: new Recent(10_000),
    refreshing: new Set(),
  }
  return {
    visit: (visit) => arrive(shared, visit),
    async invalidate(...urls) {
      const tags = urls.flatMap((url) => {
        const keyed = absolute(keys, settings, url)
        return keyed === undefined ? [] : [pageTag(keyed)]
      })
      if (tags.length > 0) await cache.invalidateTags(tags)
    },
  }
}

function absolute(keys: PageKeys, settings: PageSettings, url: string): string | undefined {
  const first = [settings.hosts ?? []].flat()[0]
  const base = first === undefined ? undefined : `${settings.scheme}://${first}`
  if (!URL.canParse(url, base)) return undefined
  const parsed = new URL(url, base)
  const keyed = keys.url(parsed.pathname + parsed.search, parsed.host)
  return 'key' in keyed ? keyed.key : undefined
}

function arrive(shared: Shared, visit: Visit): void {
  const { request, response } = visit
  const own = detachedRuns.get(request)
  if (own !== undefined) {
    own(visit)
    return
  }
  const { settings, keys } = shared
  const method = request.method ?? 'GET'
  const { headers } = request
  const target = visit.target ?? request.url ?? '/'
  const keyed = keys.url(target, headers.host)
  if (method !== 'GET' && method !== 'HEAD') {
    if (!isSafeMethod(method) && 'key' in keyed) {
      watchChange(response, {
        method,
        url: keyed.key,
        keyOf: (url) => absolute(keys, settings, url),
        invalidate: (tags) => shared.cache.invalidateTags(tags),
        failed: (error) => report(shared.core, error, 'invalidate'),
      })
    }
    visit.proceed()
    return
  }
  const why = 'refused' in keyed ? keyed.refused : whyNotCached(request, settings)
  if (why !== undefined || 'refused' in keyed) {
    bypass(shared, visit, why)
    return
  }
  const directives = settings.honoursRequests
    ? parseRequestCacheControl(fieldValue(headers, 'cache-control'), fieldValue(headers, 'pragma'))
    : undefined
  const entered: Entered = { visit, at: keyed, headers, method, directives, shared }
  if (answeredFromMemory(entered)) return
  answer(entered).catch((error: unknown) => {
    report(shared.core, error, 'page')
    if (!response.headersSent && !response.writableEnded) bypass(shared, visit, 'error')
    else response.destroy()
  })
}

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'] as const

/** Requests that are no plain question for a page. */
function whyNotCached(request: IncomingMessage, settings: PageSettings): string | undefined {
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined) return 'request-body'
  const length = headers['content-length']
  if (length !== undefined && length !== '0') return 'request-body'
  if (headers.upgrade !== undefined) return 'upgrade'
  for (const name of OVERRIDES) if (headers[name] !== undefined) return 'method-override'
  return settings.bypass(request) ? 'configured' : undefined
}

/** Lets the handler answer this visit alone. */
function bypass(
  { settings }: Shared,
  { response, proceed }: Visit,
  detail: string | undefined,
): void {
  response.setHeader(
    'cache-status',
    settings.status.write({ fwd: 'bypass', ...(detail === undefined ? {} : { detail }) }),
  )
  proceed()
}

/** The quick way: a fresh page in process memory, without a promise. */
function answeredFromMemory(entered: Entered): boolean {
  const { shared, at, headers, directives } = entered
  const { core, settings, keys } = shared
  if (core.near === undefined || !core.trusted || core.closed || directives !== undefined) {
    return false
  }
  let names = settings.vary
  for (let step = 0; step < MAX_STEPS; step++) {
    const entry = core.near.get(keys.page(at.key, names, headers))
    if (entry === undefined || core.clock.now() >= entry.freshUntil) return false
    const kept = entry.value as Kept
    if (isFor(kept, headers, settings)) {
      const page = kept.page!
      if (judgeReuse(page.freshness, core.clock.now()) !== 'fresh') return false
      core.counters.hits++
      serve(entered, page)
      return true
    }
    names = kept.vary
  }
  return false
}

function serve(
  { visit, headers, method, shared }: Entered,
  page: StoredPage,
  status?: string,
): void {
  const now = shared.core.clock.now()
  const left = Math.floor(remainingMs(page.freshness, now) / 1000)
  const said = status ?? shared.settings.status.hit(left)
  visit.answering?.()
  sendAnswer(visit.response, answerFrom(page, method, headers, now), said)
}

async function answer(entered: Entered): Promise<void> {
  const { shared, at, headers, visit, directives } = entered
  const { core, settings, keys } = shared
  await useCore(core)
  let names = settings.vary
  for (let step = 0; step < MAX_STEPS; step++) {
    const key = keys.page(at.key, names, headers)
    const found = await look(core, key, settings)
    const now = core.clock.now()
    if (found !== undefined && !isFor(found.kept, headers, settings)) {
      names = found.kept.vary
      continue
    }
    const page = found?.kept.page ?? undefined
    if (found !== undefined && page !== undefined) {
      const how = judgeReuse(page.freshness, now, directives, windows(settings))
      if (how === 'stale' || (how === 'fresh' && found.fresh)) {
        serve(entered, page)
        return
      }
      if (how === 'stale-while-revalidate' && directives?.onlyIfCached !== true) {
        serve(entered, page)
        refresh(entered, key, names, page)
        return
      }
    }
    if (directives?.onlyIfCached === true) {
      visit.answering?.()
      visit.response.statusCode = 504
      visit.response.setHeader('cache-status', settings.status.write({ fwd: 'request' }))
      visit.response.end()
      return
    }
    if ((shared.passes.get(key) ?? 0) > now) {
      bypass(shared, visit, 'pass')
      return
    }
    const next = await make(entered, key, names, page)
    if (next === undefined) return
    names = next
  }
  bypass(shared, visit, 'vary')
}

function windows(settings: PageSettings): { whileRevalidateMs: number; ifErrorMs: number } {
  return {
    whileRevalidateMs: settings.staleWhileRevalidateMs,
    ifErrorMs: settings.staleIfErrorMs,
  }
}

/** What is kept under a key, fresh or stale; the value is never changed, so it is not copied. */
async function look(core: Core, key: string, settings: PageSettings): Promise<Found | undefined> {
  const entry = core.near !== undefined && core.trusted ? core.near.get(key) : undefined
  const now = core.clock.now()
  if (entry !== undefined && now < entry.freshUntil) {
    return { kept: entry.value as Kept, fresh: true }
  }
  if (core.remotes.length === 0) {
    if (entry === undefined || now >= entry.staleUntil) return undefined
    return { kept: entry.value as Kept, fresh: false }
  }
  const { atHand } = await lookupShared(core, key, policyFor(core, settings, [], undefined))
  if (atHand === undefined || core.clock.now() >= atHand.staleUntil) return undefined
  const kept = (await atHand.value()) as Kept
  return { kept, fresh: core.clock.now() < atHand.freshUntil }
}

/** How the engine is to keep a page: staleness is judged here, page by page, and only a failing handler is left to it. */
function policyFor(
  core: Core,
  settings: PageSettings,
  tags: readonly string[],
  page: StoredPage | undefined,
): Policy {
  const { staleIfErrorMs, keepMs, staleWhileRevalidateMs } = settings
  const covers =
    page === undefined ||
    mayServeOnError(page.freshness, core.clock.now(), undefined, windows(settings))
  return {
    ...core.settings.policy,
    ttlMs: settings.ttlMs ?? 86_400_000,
    graceMs: Math.max(staleIfErrorMs, staleWhileRevalidateMs) + keepMs,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: covers ? (page?.freshness.staleIfErrorMs ?? staleIfErrorMs) : 0,
    jitter: 0,
    earlyRefresh: undefined,
    softMs: undefined,
    hardMs: undefined,
    tags,
    private: false,
    inherit: true,
  }
}

/**
 * Has the page made, by this visit's handler or by whoever is making it already, and answers. Returns the names to look
 * further by when what was made is for others.
 */
async function make(
  entered: Entered,
  key: string,
  names: readonly string[],
  stale: StoredPage | undefined,
): Promise<readonly string[] | undefined> {
  const { visit, shared, headers, method } = entered
  const { core, settings } = shared
  const attempt: Attempt = { capture: undefined, own: undefined }
  const state = { left: false, started: false }
  const reason: ForwardReason = stale === undefined ? 'miss' : 'stale'
  const loader = async (context: LoaderContext): Promise<Made> => {
    if (state.left) throw new Error('the visitor does not wait any more')
    const pointer = await pointerFor(entered, context, names)
    if (pointer !== undefined) return pointer
    if (method === 'HEAD') return runDetached(entered, names, context, reason)
    state.started = true
    return runAttended(entered, names, context, attempt, reason)
  }
  const reading = read(
    core,
    createReading(key, loader, pagePolicy(entered, stale), {
      fresh: stale?.freshness.alwaysValidate === true || entered.directives !== undefined,
    }),
  ) as Promise<Answer<Made>>
  const answer = await orTimeout(core, reading, settings.hardMs, state)
  const { capture } = attempt
  if (capture?.course === 'pass' || capture?.course === 'head') {
    afterwards(entered, key, answer)
    return undefined
  }
  capture?.release()
  if (answer === undefined) {
    const now = core.clock.now()
    if (stale && mayServeOnError(stale.freshness, now, undefined, windows(settings))) {
      serve(entered, stale)
    } else bypass(shared, visit, 'timeout')
    return undefined
  }
  afterwards(entered, key, answer)
  const { value } = answer
  if ('refused' in value) {
    if (attempt.own !== undefined) {
      serve(entered, attempt.own, settings.status.write({ fwd: 'stale', detail: value.refused }))
    } else if (capture !== undefined) visit.response.destroy()
    else bypass(shared, visit, value.refused)
    return undefined
  }
  if (!isFor(value, headers, settings)) return value.vary
  const collapsed = answer.state === 'miss' && !state.started
  const status =
    answer.state === 'stale'
      ? settings.status.write({
          hit: true,
          ttl: leftSeconds(core, value.page!),
          detail: 'stale-if-error',
        })
      : settings.status.write({ fwd: reason, stored: true, ...(collapsed ? { collapsed } : {}) })
  serve(entered, value.page!, status)
  return undefined
}

function leftSeconds(core: Core, page: StoredPage): number {
  return Math.floor(remainingMs(page.freshness, core.clock.now()) / 1000)
}

function pagePolicy({ at, shared, visit }: Entered, stale: StoredPage | undefined): Policy {
  const { core, settings } = shared
  const tags = [pageTag(at.key), ...settings.tags(visit.request)]
  return policyFor(core, settings, tags, stale)
}

/** Undefined when it takes too long and somebody else is doing it. */
async function orTimeout<T>(
  core: Core,
  promise: Promise<T>,
  ms: number | undefined,
  state: { left: boolean; readonly started: boolean },
): Promise<T | undefined> {
  if (ms === undefined) return promise
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const cancel = core.clock.after(ms, () => {
    if (state.started) return
    state.left = true
    promise.catch(() => {})
    resolve(undefined)
  })
  return Promise.race([promise, late]).finally(cancel)
}

/** What follows from how a page was made: a response for one visitor is not waited for a while, variants are bounded. */
function afterwards(
  { shared, at }: Pick<Entered, 'shared' | 'at'>,
  key: string,
  answer: Answer<Made> | undefined,
): void {
  if (answer === undefined || answer.state !== 'miss') return
  const { core, passes, bound } = shared
  const { value } = answer
  if ('refused' in value) {
    if (value.refused !== 'aborted') passes.set(key, core.clock.now() + PASS_MS)
    return
  }
  if (value.page === null) return
  const surplus = bound.note(at.key, key)
  if (surplus !== undefined) {
    dropKeys(core, [surplus]).catch((error: unknown) => report(core, error, 'delete'))
  }
}

/**
 * In the place of a page, the names that the URL has been seen to vary on, if they are more than the key tells apart: a
 * response that forgets its `Vary` once does not reach those who differ.
 */
async function pointerFor(
  { shared, at }: Entered,
  context: LoaderContext,
  names: readonly string[],
): Promise<Kept | undefined> {
  const known = await runInScope(undefined, () =>
    shared.cache.get<readonly string[]>(shared.keys.vary(at.key)),
  )
  if (known === undefined) return undefined
  const vary = mergeVary(names, known)
  if (vary === '*' || vary.length === names.length) return undefined
  context.ttl(VARY_TTL_MS)
  context.grace(0)
  return { vary, variant: '', page: null }
}

function runOf(
  entered: Entered,
  names: readonly string[],
  reason: ForwardReason,
): Omit<Run, 'request' | 'response' | 'subject' | 'attended' | 'headers'> {
  const { shared, at, visit, directives } = entered
  const { core, settings, cache, keys } = shared
  return {
    url: at.key,
    host: at.host,
    names,
    settings,
    core,
    reason,
    identified: settings.identified(visit.request),
    requestNoStore: directives?.noStore === true,
    async remember(vary) {
      await cache.set(keys.vary(at.key), vary, { ttl: VARY_TTL_MS })
    },
  }
}

/** Runs the handler for the visitor who is here, and shows it no more of the request than the key says. */
function runAttended(
  entered: Entered,
  names: readonly string[],
  context: LoaderContext,
  attempt: Attempt,
  reason: ForwardReason,
): Promise<Made> {
  const { visit, headers, at } = entered
  const { request, response, subject } = visit
  const run = { ...runOf(entered, names, reason), request, response, subject, headers }
  return makeOrSkip({ ...run, attended: true }, context, attempt, () => {
    visit.narrow?.(at.target)
    visit.proceed()
  })
}

/** Runs the handler for nobody: behind a stale answer, or because HEAD does not show the content. */
async function runDetached(
  entered: Entered,
  names: readonly string[],
  context: LoaderContext,
  reason: ForwardReason,
): Promise<Made> {
  const { visit, headers, at } = entered
  const lines = linesFromFields(headers).filter(
    ([name]) => names.includes(name) || (name !== 'cookie' && name !== 'authorization'),
  )
  const encrypted = 'encrypted' in visit.request.socket
  const { request, response } = createDetached(at.target, withHost(lines, at.host), encrypted)
  const sent = { ...request.headers } as FieldValues
  const { promise, resolve, reject } = Promise.withResolvers<Made>()
  const base = runOf(entered, names, reason)
  let reached = false
  detachedRuns.set(request, ({ subject, response: own, proceed, narrow }) => {
    detachedRuns.delete(request)
    reached = true
    const run = { ...base, request, response: own, subject, headers: sent, attended: false }
    const attempt: Attempt = { capture: undefined, own: undefined }
    makeOrSkip(run, context, attempt, () => {
      narrow?.(at.target)
      proceed()
    }).then(resolve, reject)
  })
  // An answer that comes from before the handler (a login, a redirect) is not the page.
  response.once('finish', () => {
    if (!reached) resolve({ refused: 'unreached' })
  })
  visit.again(request, response)
  const made = await promise
  if ('refused' in made) context.skip()
  return made
}

function withHost(lines: readonly FieldLine[], host: string): FieldLine[] {
  return [...lines.filter(([name]) => name !== 'host'), ['host', host]]
}

async function makeOrSkip(
  run: Run,
  context: LoaderContext,
  attempt: Attempt,
  proceed: () => void,
): Promise<Made> {
  const made = await makePage(run, context, attempt, proceed)
  if ('refused' in made) context.skip()
  return made
}

/** Makes a page anew behind a stale answer, once at a time in this process and across processes. */
function refresh(entered: Entered, key: string, names: readonly string[], stale: StoredPage): void {
  const { core, refreshing } = entered.shared
  if (refreshing.has(key)) return
  refreshing.add(key)
  const loader = async (context: LoaderContext): Promise<Made> =>
    (await pointerFor(entered, context, names)) ?? runDetached(entered, names, context, 'stale')
  const policy = pagePolicy(entered, stale)
  const reading = runInScope(undefined, () =>
    read(core, createReading(key, loader as never, policy, undefined)),
  ) as Promise<Answer<Made>>
  reading
    .then(async (answer) => {
      afterwards(entered, key, answer)
      // What was for everybody and is for one visitor now must not be served in its old form either.
      if ('refused' in answer.value && DISOWNED.has(answer.value.refused)) {
        await dropKeys(core, [key])
      }
    })
    .catch((error: unknown) => report(core, error, 'refresh', { key }))
    .finally(() => refreshing.delete(key))
}

const DISOWNED = new Set(['no-store', 'private', 'set-cookie', 'private-part', 'personal'])
