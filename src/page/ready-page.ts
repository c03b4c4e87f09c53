import { STATUS_CODES } from 'node:http'
import {
  ageSeconds,
  type FieldLine,
  fieldsFromLines,
  type FieldValues,
  hasField,
  isConditional,
  notModifiedFields,
  readValidators,
  remainingMs,
  type Validators,
} from '../http/index.js'
import { judgeConditions } from './answer.js'
import type { PageSettings } from './options.js'
import type { StoredPage } from './stored-page.js'

/** The head of an answer, as text and as Node takes it. */
export interface Head {
  readonly status: number
  /** The status line and all fields but those about the connection; each line ended. */
  readonly text: string
  /** The fields alone: names and values in turn. */
  readonly flat: readonly string[]
  /** The names among them, lower-case. */
  readonly names: ReadonlySet<string>
}

/** A stored page made ready for being sent often: what does not change from visit to visit is there as text. */
export interface ReadyPage {
  readonly body: Buffer
  /** What a GET or HEAD with these fields gets: 200 (or the page's own status), 304, or something that is worked out elsewhere. */
  decide(method: string, headers: FieldValues): 'whole' | 'not-modified' | 'other'
  /** The head of the whole page, fresh as it is now. */
  whole(now: number): Head
  notModified(now: number): Head
}

/**
 * Undefined for a page that cannot go out from text alone: with holes, without a body or a date. Nobody looks at the text again: the
 * page has to be that of a sound value (`isSound`).
 */
export function readyPage(page: StoredPage, settings: PageSettings): ReadyPage | undefined {
  const { status, lines, body, holes } = page
  if (holes !== undefined) return undefined
  const fields = fieldsFromLines(lines)
  if (status === 204 || status === 205 || !hasField(fields, 'date')) return undefined
  const validators: Validators = readValidators(fields)
  const success = status >= 200 && status <= 299
  const whole = headWriter(page, settings, status, [
    ...lines,
    ['content-length', String(body.length)],
  ])
  let unchanged: ((now: number) => Head) | undefined
  return {
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    decide(method, headers) {
      if (!success) return 'whole'
      if (headers['range'] !== undefined) return 'other'
      if (!isConditional(headers)) return 'whole'
      // The usual question, without reading lists of tags: is it still this one?
      if (
        validators.etag !== undefined &&
        headers['if-none-match'] === validators.etag &&
        headers['if-match'] === undefined &&
        headers['if-unmodified-since'] === undefined
      ) {
        return 'not-modified'
      }
      const outcome = judgeConditions({ method, headers, status, ...validators })
      return outcome === 'proceed' ? 'whole' : outcome === 'not-modified' ? outcome : 'other'
    },
    whole,
    notModified: (now) =>
      (unchanged ??= headWriter(page, settings, 304, notModifiedFields(lines)))(now),
  }
}

/**
 * Writes the head of a page, which changes as often as `Age` does and the seconds left in `Cache-Status`: twice a second, however
 * many visitors there are.
 */
function headWriter(
  { freshness }: StoredPage,
  { status: writer }: PageSettings,
  status: number,
  lines: readonly FieldLine[],
): (now: number) => Head {
  const start = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
  const fixed = lines.reduce((text, [name, value]) => `${text}${name}: ${value}\r\n`, start)
  const names = new Set([...lines.map(([name]) => name), 'age', 'cache-status'])
  let head: Head | undefined
  let from = 0
  let until = 0
  return (now) => {
    if (head !== undefined && now >= from && now < until) return head
    const age = ageSeconds(freshness, now)
    const left = Math.floor(remainingMs(freshness, now) / 1000)
    from = now
    until =
      freshness.bornAt + Math.min((age + 1) * 1000, freshness.lifetimeMs - Math.max(0, left) * 1000)
    const said = writer.hit(left)
    // As one flat text: a concatenation would be walked again for every visitor.
    const text = `${fixed}age: ${age}\r\ncache-status: ${said}\r\n`
    const flat = [...lines.flat(), 'age', String(age), 'cache-status', said]
    head = { status, text: Buffer.from(text, 'latin1').toString('latin1'), flat, names }
    return head
  }
}
