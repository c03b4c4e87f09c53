import type { IncomingMessage } from 'node:http'
import type { LoaderContext } from '../cache/context.js'
import { markIn } from '../fragment/marks.js'
import {
  type FieldLine,
  type FieldValues,
  type ForwardReason,
  linesFromFields,
} from '../http/index.js'
import { createDetached } from './detached.js'
import { fillOnTheWay } from './fill-holes.js'
import { marksFor } from './holes.js'
import { pageTag } from './keys.js'
import { makePage } from './make.js'
import { offerToRoute } from './passage.js'
import { type Attempt, type Made, type Run, UNCONFIRMED } from './run.js'
import { rememberVary } from './sticky-vary.js'
import type { Entered, Visit } from './visit.js'

/** Requests that this package has made itself, and how their handler is to run. */
const detachedRuns = new WeakMap<IncomingMessage, (visit: Visit) => void>()

/** Goes on with the run that `visit` was made for, if we have made it ourselves. */
export function continueDetached(visit: Visit): boolean {
  const run = detachedRuns.get(visit.request)
  run?.(visit)
  return run !== undefined
}

/** True for a request that we have made ourselves and whose handler has not been reached yet. */
export function isDetached(request: IncomingMessage): boolean {
  return detachedRuns.has(request)
}

/** Runs the handler for the visitor who is here, and shows it no more of the request than the key says. */
export async function runAttended(
  entered: Entered,
  names: readonly string[],
  context: LoaderContext,
  attempt: Attempt,
  reason: ForwardReason,
): Promise<Made> {
  const { visit, at } = entered
  const run = runOf(entered, names, reason, {
    request: visit.request,
    response: visit.response,
    subject: visit.subject,
    headers: entered.headers,
    onHandOver: visit.onHandOver,
    asks: true,
    attended: true,
    marks: marksFor(entered.shared.settings),
  })
  const { settings, core, marks } = run
  if (marks !== undefined) fillOnTheWay(core, settings, visit, marks)
  const made = await makePage(run, context, attempt, () => {
    visit.narrow?.(at.target)
    markIn(marks, visit.proceed)
  })
  if (made === UNCONFIRMED) return runUnasked(entered, names, context, reason)
  return orSkip(made, context)
}

/** Runs the handler for nobody: behind a stale answer, or because HEAD does not show the content. */
export async function runDetached(
  entered: Entered,
  names: readonly string[],
  context: LoaderContext,
  reason: ForwardReason,
): Promise<Made> {
  const made = await detached(entered, names, context, reason, true)
  if (made === UNCONFIRMED) return runUnasked(entered, names, context, reason)
  return orSkip(made, context)
}

/** Runs the handler once more, not asking about the stale page: what it said was not about that. */
async function runUnasked(
  entered: Entered,
  names: readonly string[],
  context: LoaderContext,
  reason: ForwardReason,
): Promise<Made> {
  return orSkip(await detached(entered, names, context, reason, false), context)
}

async function detached(
  entered: Entered,
  names: readonly string[],
  context: LoaderContext,
  reason: ForwardReason,
  asks: boolean,
): Promise<Made> {
  const { visit, headers, at } = entered
  const lines = linesFromFields(headers).filter(
    ([name]) => names.includes(name) || (name !== 'cookie' && name !== 'authorization'),
  )
  const encrypted = 'encrypted' in visit.request.socket
  const { request, response } = createDetached(at.target, withHost(lines, at.host), encrypted)
  const sent = { ...request.headers } as FieldValues
  const { promise, resolve, reject } = Promise.withResolvers<Made>()
  const marks = marksFor(entered.shared.settings)
  const base = runOf(entered, names, reason, {
    request,
    response,
    subject: request,
    headers: sent,
    onHandOver: undefined,
    asks,
    attended: false,
    marks,
  })
  let reached = false
  detachedRuns.set(request, (own) => {
    const { subject, proceed, narrow, onHandOver } = own
    detachedRuns.delete(request)
    reached = true
    const run: Run = { ...base, response: own.response, subject, onHandOver }
    const attempt: Attempt = { capture: undefined, own: undefined, left: false }
    // Nobody waits for this request: a route that takes it over lets it be.
    offerToRoute(own, attempt, new Promise<void>(() => {}))
    makePage(run, context, attempt, () => {
      narrow?.(at.target)
      markIn(marks, proceed)
    }).then(resolve, reject)
  })
  // An answer that comes from before the handler (a login, a redirect) is not the page.
  response.once('finish', () => {
    if (!reached) resolve({ refused: 'unreached' })
  })
  visit.again(request, response)
  return promise
}

/** What a run of a visitor's own request and one of ours differ in. */
type Own = Pick<
  Run,
  'request' | 'response' | 'subject' | 'headers' | 'onHandOver' | 'asks' | 'attended' | 'marks'
>

function runOf(
  { shared, at, visit, directives }: Entered,
  names: readonly string[],
  reason: ForwardReason,
  own: Own,
): Run {
  const { core, settings } = shared
  return {
    request: own.request,
    response: own.response,
    subject: own.subject,
    headers: own.headers,
    onHandOver: own.onHandOver,
    asks: own.asks,
    attended: own.attended,
    marks: own.marks,
    url: at.key,
    host: at.host,
    names,
    settings,
    core,
    reason,
    tags:
      settings.surrogate === undefined ? NONE : [pageTag(at.key), ...settings.tags(visit.request)],
    identified: settings.identified(visit.request),
    requestNoStore: directives?.noStore === true,
    remember: (vary) => rememberVary(shared, at.key, vary, names),
  }
}

const NONE: readonly string[] = []

function withHost(lines: readonly FieldLine[], host: string): FieldLine[] {
  return [...lines.filter(([name]) => name !== 'host'), ['host', host]]
}

function orSkip(made: Made, context: LoaderContext): Made {
  if ('refused' in made) context.skip()
  return made
}
