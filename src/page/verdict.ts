import type { Scope } from '../cache/scope.js'
import { fieldValue, type FieldValues, mergeVary, variantKey } from '../http/index.js'
import { EVERYTHING, type RequestView } from './request-view.js'
import type { Refused, Run } from './run.js'
import {
  type Captured,
  createPage,
  judgeResponse,
  type Kept,
  type Surroundings,
} from './stored-page.js'

/** Whether a page may be kept for others: what it says, and how it was made. */

const PERSONAL_FIELDS = ['cookie', 'authorization', 'proxy-authorization']

/** Reasons that lie in how the response was made, and not in what it says. */
export function whyNotKept(
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

/** What to keep of a whole response: the page with what it varies on, or why nothing. */
export function keepable(
  run: Run,
  view: RequestView,
  scope: Scope | undefined,
  captured: Captured,
  around: Surroundings,
): Kept | Refused {
  const { settings, headers } = run
  const judged = judgeResponse(captured, around)
  const refused = judged.refusal ?? whyNotKept(run, view, scope, captured.fields)
  if (refused !== undefined) return { refused }
  const read = [...view.read].filter((name) => !settings.unkeyed.has(name))
  const vary = mergeVary(mergeVary(run.names, judged.vary), read)
  if (vary === '*') return { refused: 'vary' }
  const page = createPage(captured, around, judged.freshness)
  if (typeof page === 'string') return { refused: page }
  return { vary, variant: variantKey(vary, headers, settings.normalisers), page }
}
