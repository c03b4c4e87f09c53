import type { IncomingMessage } from 'node:http'
import type { LoaderContext } from '../cache/context.js'
import {
  type FieldLine,
  type FieldValues,
  type ForwardReason,
  linesFromFields,
} from '../http/index.js'
import { createDetached } from './detached.js'
import { makePage } from './make.js'
import type { Attempt, Made, Run } from './run.js'
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

/** Runs the handler for the visitor who is here, and shows it no more of the request than the key says. */
export function runAttended(
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
export async function runDetached(
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

function runOf(
  { shared, at, visit, directives }: Entered,
  names: readonly string[],
  reason: ForwardReason,
): Omit<Run, 'request' | 'response' | 'subject' | 'attended' | 'headers'> {
  const { core, settings } = shared
  return {
    url: at.key,
    host: at.host,
    names,
    settings,
    core,
    reason,
    identified: settings.identified(visit.request),
    requestNoStore: directives?.noStore === true,
    remember: (vary) => rememberVary(shared, at.key, vary),
  }
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
