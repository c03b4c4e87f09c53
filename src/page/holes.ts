import type { ServerResponse } from 'node:http'
import type { Core } from '../cache/core.js'
import { report } from '../cache/core.js'
import { renderHole } from '../fragment/hole.js'
import { Marks } from '../fragment/marks.js'
import { type FieldLine, hasField } from '../http/index.js'
import type { PageSettings } from './options.js'
import type { Captured, StoredPage } from './stored-page.js'

/** A hole in a stored page: where in its body, in bytes, and which. */
export interface HoleAt {
  readonly at: number
  readonly name: string
}

/** The marks for one run of the handler; undefined where the page has no holes. */
export function marksFor({ holes }: PageSettings): Marks | undefined {
  return holes.size === 0 ? undefined : new Marks(new Set(holes.keys()))
}

/** The response without its marks, and where they were; undefined when some are lost, as in a compressed body. */
export function withoutMarks(captured: Captured, marks: Marks | undefined): Captured | undefined {
  if (marks?.used !== true) return captured
  const { pieces, names } = marks.split(captured.body)
  if (names.length === 0 || hasField(captured.fields, 'content-encoding')) return undefined
  let at = 0
  const holes = names.map((name, index): HoleAt => {
    at += pieces[index]!.length
    return { at, name }
  })
  return { ...captured, body: Buffer.concat(pieces), holes }
}

/** True when this application knows what belongs into each hole: a deploy may have taken one away. */
export function isFillable({ holes }: StoredPage, settings: PageSettings): boolean {
  return holes === undefined || holes.every(({ name }) => settings.holes.has(name))
}

/** What fills a hole for one visitor. One that fails is empty, and that is an event: the page is on its way. */
export async function fillingOf(
  core: Core,
  { holes }: PageSettings,
  name: string,
  request: unknown,
): Promise<Uint8Array> {
  try {
    const filling: unknown = await renderHole(holes.get(name)!, request)
    if (typeof filling === 'string') return Buffer.from(filling)
    if (filling instanceof Uint8Array) return filling
    throw new TypeError(`the hole ${JSON.stringify(name)} gave neither a text nor bytes`)
  } catch (error) {
    report(core, error, 'hole', { key: name })
    return EMPTY
  }
}

const EMPTY = new Uint8Array()

/** Fields that speak of bytes which are not the same for all, or of keeping them for others. */
const ABOUT_ALL = new Set([
  'accept-ranges',
  'age',
  'content-digest',
  'content-length',
  'edge-control',
  'etag',
  'expires',
  'last-modified',
  'repr-digest',
  'surrogate-control',
  'x-accel-expires',
])

function isAboutAll(name: string): boolean {
  // `Cache-Control` and those for named caches (RFC 9213).
  return ABOUT_ALL.has(name) || name.endsWith('cache-control')
}

/** What a page with holes says to browsers and caches: it was put together for this visitor alone. */
const OWN: FieldLine = ['cache-control', 'private, no-cache']

/** The fields that a stored page with holes goes out with. */
export function ownLines(lines: readonly FieldLine[]): FieldLine[] {
  return [...lines.filter(([name]) => !isAboutAll(name)), OWN]
}

/** The same for a response that is about to go out. What forbids more than we do stays. */
export function makeOwn(response: ServerResponse): void {
  const said = String(response.getHeader('cache-control') ?? '')
  for (const name of response.getHeaderNames()) if (isAboutAll(name)) response.removeHeader(name)
  response.setHeader('cache-control', /no-store/i.test(said) ? 'private, no-store' : OWN[1])
}
