import type { IncomingMessage, ServerResponse } from 'node:http'
import { type LoaderContext, previousOf } from '../cache/context.js'
import type { Core } from '../cache/core.js'
import { currentScope, runInScope, type Scope } from '../cache/scope.js'
import {
  capFields,
  confirmsStored,
  evaluatePreconditions,
  type FieldLine,
  fieldsFromLines,
  fieldValue,
  type FieldValues,
  type ForwardReason,
  formatCacheControl,
  isConditional,
  isOriginFailure,
  linesFromFields,
  mayServeOnError,
  mergeVary,
  notModifiedFields,
  parseCacheControl,
  parseCacheGroups,
  readValidators,
  selectingFields,
  updateLines,
  validationFields,
  variantKey,
} from '../http/index.js'
import { type Capture, captureResponse, type CaptureEnd, type Course } from './capture.js'
import { groupTag } from './keys.js'
import type { PageSettings } from './options.js'
import { EVERYTHING, type RequestView, viewRequest } from './request-view.js'
import {
  type Captured,
  createPage,
  judgeResponse,
  type Kept,
  keepTimes,
  type StoredPage,
  type Surroundings,
} from './stored-page.js'

/** A run of the handler whose response is for the one visitor who has got it. */
export interface Refused {
  readonly refused: string
}

export type Made = Kept | Refused

/** The handler failed while a stale page may still be served: the reason for the engine to do so. */
export class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure'
}

/** One run of the handler. */
export interface Run {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly subject: object
  /** The fields the request came with, whatever the handler is shown. */
  readonly headers: FieldValues
  readonly url: string
  readonly host: string
  /** The names that the key tells apart. */
  readonly names: readonly string[]
  readonly settings: PageSettings
  readonly core: Core
  /** Remembers what a URL varies on; resolves when it is remembered. */
  readonly remember: (names: readonly string[]) => Promise<void>
  /** Why the handler runs. */
  readonly reason: ForwardReason
  readonly identified: boolean
  readonly requestNoStore: boolean
  /** True for the visitor's own response, which then goes out while it is captured. */
  readonly attended: boolean
}

/** What the run of a visitor's own request leaves behind. */
export interface Attempt {
  capture: Capture | undefined
  /** A page for this visitor alone: validated, and no longer for others. */
  own: StoredPage | undefined
}

const PERSONAL_FIELDS = ['cookie', 'authorization', 'proxy-authorization']

/**
 * Runs the handler once and says what is to be kept of its response. What the response needs beyond that (going out, not
 * going out, a 304 for the visitor) is settled when its head is known.
 *
 * @throws {HandlerFailure} when the handler failed and a stale page may be served for it.
 */
export async function makePage(
  run: Run,
  context: LoaderContext,
  attempt: Attempt,
  proceed: () => void,
): Promise<Made> {
  const { core, settings, response } = run
  const scope = currentScope()
  const previous = previousPage(run, context)
  const requestAt = core.clock.now()
  const view = viewRequest(run.request, {
    host: run.host,
    subject: run.subject,
    added: [
      ...selectingFields(run.names, run.headers, settings.normalisers),
      ...(previous === undefined
        ? []
        : validationFields(readValidators(fieldsFromLines(previous.lines)))),
    ],
  })
  const around = (): Surroundings => ({
    settings,
    requestFields: run.headers,
    identified: run.identified,
    requestNoStore: run.requestNoStore,
    requestAt,
    responseAt: core.clock.now(),
    freshUntil: scope?.freshUntil ?? Infinity,
  })
  const outcome: { way: 'new' | 'validated' | 'failed' } = { way: 'new' }
  const capture = captureResponse(response, {
    maxBytes: settings.maxBytes,
    around: (inside) => view.unnoted(inside),
    onHead: ({ status, fields }) => {
      if (previous !== undefined && status === 304 && confirms(previous, fields)) {
        outcome.way = 'validated'
      }
      if (
        previous !== undefined &&
        isOriginFailure(status) &&
        mayServeOnError(previous.freshness, core.clock.now(), undefined, permission(settings))
      ) {
        outcome.way = 'failed'
      }
      if (outcome.way !== 'new') return 'hold'
      const surroundings = around()
      const refusal =
        judgeResponse({ status, fields }, surroundings).refusal ?? whyNot(run, view, scope, fields)
      return run.attended ? sendHead(run, status, fields, refusal, scope, surroundings) : 'pass'
    },
  })
  attempt.capture = capture
  let end: CaptureEnd
  try {
    proceed()
    end = await capture.done
  } finally {
    view.end()
  }
  const { way } = outcome
  if (way === 'failed') throw new HandlerFailure('the handler failed, and a stale page is there')
  if (end.kind === 'incomplete') return { refused: end.reason }
  let { captured } = end
  if (way === 'validated') {
    // The stored page lives on, and with it what it was made from.
    void context.stale
    const lines = updateLines(
      previous!.lines,
      captured.lines.filter(([name]) => name !== 'cache-status'),
    )
    const fields = { ...captured.fields, ...fieldsFromLines(lines) }
    captured = { status: previous!.status, lines, fields, body: previous!.body }
  }
  const kept = keepable(run, view, scope, captured, around())
  if ('refused' in kept) {
    if (way === 'validated') attempt.own = { ...previous!, lines: captured.lines }
    return kept
  }
  const groups = parseCacheGroups(fieldValue(captured.fields, 'cache-groups'))
  if (groups.length > 0) context.tag(...groups.map((group) => groupTag(run.url, group)))
  const times = keepTimes(kept.page!, settings, core.clock.now())
  context.ttl(times.ttlMs)
  context.grace(times.graceMs)
  if (kept.vary.length > run.names.length) {
    await runInScope(undefined, () => run.remember(kept.vary))
  }
  return kept
}

function permission(settings: PageSettings): { whileRevalidateMs: number; ifErrorMs: number } {
  return {
    whileRevalidateMs: settings.staleWhileRevalidateMs,
    ifErrorMs: settings.staleIfErrorMs,
  }
}

/** The page that stood in this place, if it is one for this request. */
function previousPage(run: Run, context: LoaderContext): StoredPage | undefined {
  const value = previousOf(context)?.value as Made | undefined
  if (value === undefined || 'refused' in value || value.page === null) return undefined
  const same = variantKey(value.vary, run.headers, run.settings.normalisers) === value.variant
  return same ? value.page : undefined
}

function confirms(previous: StoredPage, fields: FieldValues): boolean {
  const stored = readValidators(fieldsFromLines(previous.lines))
  return confirmsStored(stored, readValidators(fields), { only: true })
}

/** Reasons that lie in how the response was made, and not in what it says. */
function whyNot(
  { headers, settings }: Run,
  view: RequestView,
  scope: Scope | undefined,
  fields: FieldValues,
): string | undefined {
  if (scope?.private === true) return 'private-part'
  if (scope?.conflict === true || scope?.uncacheable === true) return 'uncacheable-part'
  if (view.read.has(EVERYTHING)) return 'reads-all-fields'
  if (view.personal) return 'personal'
  const said = fieldValue(fields, 'vary')?.toLowerCase() ?? ''
  for (const name of PERSONAL_FIELDS) {
    if (!view.read.has(name) || headers[name] === undefined) continue
    if (settings.unkeyed.has(name) || settings.vary.includes(name)) continue
    if (!said.split(/[\s,]+/).includes(name)) return 'personal'
  }
  return undefined
}

function keepable(
  run: Run,
  view: RequestView,
  scope: Scope | undefined,
  captured: Captured,
  around: Surroundings,
): Kept | Refused {
  const { settings, headers } = run
  const judged = judgeResponse(captured, around)
  const refused = judged.refusal ?? whyNot(run, view, scope, captured.fields)
  if (refused !== undefined) return { refused }
  const read = [...view.read].filter((name) => !settings.unkeyed.has(name))
  const vary = mergeVary(mergeVary(run.names, judged.vary), read)
  if (vary === '*') return { refused: 'vary' }
  const page = createPage(captured, around, judged.freshness)
  if (typeof page === 'string') return { refused: page }
  return { vary, variant: variantKey(vary, headers, settings.normalisers), page }
}

/** Gives the visitor's own response the fields it goes out with; a visitor who has the page already gets a 304. */
function sendHead(
  run: Run,
  status: number,
  fields: FieldValues,
  refusal: string | undefined,
  scope: Scope | undefined,
  around: Surroundings,
): Course {
  const { response, headers, settings } = run
  response.setHeader(
    'cache-status',
    settings.status.write({
      fwd: run.reason,
      ...(refusal === undefined ? { stored: true } : { detail: refusal }),
    }),
  )
  for (const [name, value] of honest(fields, scope, around)) response.setHeader(name, value)
  if (status < 200 || status > 299 || !isConditional(headers)) return 'pass'
  const validators = readValidators(fields)
  if (validators.etag === undefined && validators.lastModified === undefined) return 'pass'
  const method = run.request.method ?? 'GET'
  if (evaluatePreconditions({ method, headers, status, ...validators }) !== 'not-modified') {
    return 'pass'
  }
  const remaining = notModifiedFields(linesFromFields(response.getHeaders()))
  const names = new Set(remaining.map(([name]) => name))
  for (const name of response.getHeaderNames()) {
    if (!names.has(name)) response.removeHeader(name)
  }
  response.statusCode = 304
  return 'head'
}

/** The fields that have to change so that no other cache keeps the page longer, or for more visitors, than its parts allow. */
function honest(
  fields: FieldValues,
  scope: Scope | undefined,
  { freshUntil, responseAt }: Surroundings,
): FieldLine[] {
  if (scope?.private === true) {
    const directives = parseCacheControl(fieldValue(fields, 'cache-control'))
    if (directives.private || directives.noStore) return []
    const own = { ...directives, public: false, sMaxAge: undefined, private: true }
    return [['cache-control', formatCacheControl({ ...own, proxyRevalidate: false })]]
  }
  if (freshUntil === Infinity) return []
  const left = Math.max(0, Math.floor((freshUntil - responseAt) / 1000))
  return capFields(fields, left, responseAt)
}
