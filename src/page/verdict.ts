import type { Scope } from '../cache/scope.js'
import { mergeVary, variantKey } from '../http/index.js'
import { EVERYTHING, type RequestView } from './request-view.js'
import type { Refused, Run } from './run.js'
import {
  type Captured,
  createPage,
  type Judged,
  judgeResponse,
  type Kept,
  replaceLines,
  type Surroundings,
} from './stored-page.js'
import { addedLines } from './added.js'

/** Whether a page may be kept for others: what it says, and how it was made. */

const PERSONAL_FIELDS = ['cookie', 'authorization', 'proxy-authorization']

/** Reasons that lie in how the response was made, together with what it says. */
export function whyNotKept(
  { headers, settings }: Run,
  view: RequestView,
  scope: Scope | undefined,
  { freshness, vary, forAll }: Judged,
): string | undefined {
  if (scope?.private === true) return 'private-part'
  if (scope?.conflict === true || scope?.uncacheable === true) return 'uncacheable-part'
  if (view.personal) return 'personal'
  if (settings.varyAlone) return undefined
  const all = view.read.has(EVERYTHING)
  // Who passes on all fields stands for an origin: what that says counts, and `ttl` is no word of its.
  if (all && freshness.source === 'ttl') return 'reads-all-fields'
  for (const name of PERSONAL_FIELDS) {
    if (headers[name] === undefined) continue
    if (settings.unkeyed.has(name) || settings.vary.includes(name) || vary.includes(name)) continue
    // Answers to `Authorization` that are for all have been judged by what they say already.
    if (view.read.has(name) || (all && !forAll && name !== 'authorization')) return 'personal'
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
  const keyed = (name: string): boolean => name !== EVERYTHING && !settings.unkeyed.has(name)
  const judged = judgeResponse(captured, around)
  const refused = judged.refusal ?? whyNotKept(run, view, scope, judged)
  if (refused !== undefined) return { refused }
  const read = settings.varyAlone ? [] : [...view.read].filter(keyed)
  const vary = mergeVary(mergeVary(run.names, judged.vary), read)
  if (vary === '*') return { refused: 'vary' }
  const page = createPage(captured, around, judged.freshness)
  if (typeof page === 'string') return { refused: page }
  const added = addedLines(run, scope, captured.fields, true)
  const lines = added.length === 0 ? page.lines : replaceLines(page.lines, added)
  const variant = variantKey(vary, headers, settings.normalisers)
  return { vary, variant, page: { ...page, lines } }
}
