import type { Scope } from '../cache/scope.js'
import { mergeVary, variantKey } from '../http/index.js'
import { EVERYTHING, type RequestView } from './request-view.js'
import type { Refused, Run } from './run.js'
import {
  type Captured,
  createPage,
  type Judged,
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
  if (view.unclear || (all && freshness.source === 'ttl')) return 'reads-all-fields'
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
  judged: Judged,
): Kept | Refused {
  const { settings, headers } = run
  const refused = judged.refusal ?? whyNotKept(run, view, scope, judged)
  if (refused !== undefined) return { refused }
  let vary = mergeVary(run.names, judged.vary)
  if (view.read.size > 0 && !settings.varyAlone) {
    const keyed = (name: string): boolean => name !== EVERYTHING && !settings.unkeyed.has(name)
    vary = mergeVary(vary, [...view.read].filter(keyed))
  }
  if (vary === '*') return { refused: 'vary' }
  const page = createPage(captured, around, judged)
  if (typeof page === 'string') return { refused: page }
  const variant = variantKey(vary, headers, settings.normalisers)
  const added = addedLines(run, scope, captured.fields, true)
  if (added.length === 0) return { vary, variant, page }
  return { vary, variant, page: { ...page, lines: replaceLines(page.lines, added) } }
}
