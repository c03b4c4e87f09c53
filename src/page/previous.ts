import { type LoaderContext, previousOf } from '../cache/context.js'
import {
  confirmsStored,
  type FieldLine,
  fieldsFromLines,
  type FieldValues,
  readValidators,
  sameTag,
  updateLines,
  validationFields,
} from '../http/index.js'
import { isFor } from './keys.js'
import type { Run } from './run.js'
import { isSound } from './sound.js'
import type { Captured, StoredPage } from './stored-page.js'

/** The stale page that a run of the handler is asked about (RFC 9111 section 4.3). */

/** The page that stood in this place, if it is one for this request. */
export function previousPage(
  run: Pick<Run, 'headers' | 'settings'>,
  context: LoaderContext,
): StoredPage | undefined {
  const value = previousOf(context)?.value
  if (!isSound(value) || value.page === null) return undefined
  return isFor(value, run.headers, run.settings) ? value.page : undefined
}

/**
 * The fields that ask the handler whether the page still holds. None for other statuses than 200: a 304 says that the answer would
 * have been one (RFC 9110 section 15.4.5), and so nothing about a page that was not found before.
 */
export function questionsAbout(previous: StoredPage | undefined): readonly FieldLine[] {
  if (previous?.status !== 200) return []
  return validationFields(readValidators(fieldsFromLines(previous.lines)))
}

/** What `send` of Express gives to a 304 as to everything else: the tag of its content, which is none. */
const NO_CONTENT = '"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"'

function isOfNothing(etag: string): boolean {
  return sameTag(etag, NO_CONTENT, 'weak')
}

/** True when a 304 with these fields is about the page. */
export function confirms(previous: StoredPage, fields: FieldValues): boolean {
  const stored = readValidators(fieldsFromLines(previous.lines))
  const { etag, ...received } = readValidators(fields)
  const tagged = etag !== undefined && !isOfNothing(etag)
  return confirmsStored(stored, tagged ? { ...received, etag } : received, { only: true })
}

/** The page as the 304 that confirmed it says it is now. */
export function confirmed(previous: StoredPage, captured: Captured): Captured {
  const lines = updateLines(
    previous.lines,
    captured.lines.filter(([name, value]) => name !== 'etag' || !isOfNothing(value)),
  )
  const fields = { ...captured.fields, ...fieldsFromLines(lines) }
  return { status: previous.status, lines, fields, body: previous.body }
}
