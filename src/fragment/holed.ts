import { CacheError } from '../base/errors.js'
import type { Markup } from './fragment.js'
import { currentMarks, markIn, Marks, type Pieces } from './marks.js'
import { renderKept } from './uncacheable.js'

/** A fragment with holes as it is kept. One without is kept as it is. */
export interface Holed<M> extends Pieces<M> {
  readonly holed: true
}

/** Renders a fragment that will be kept; its marks are its own, since each page it will stand in has others. */
export async function renderHoled<M extends Markup>(
  render: () => M | Promise<M>,
): Promise<M | Holed<M>> {
  const marks = new Marks()
  const markup = await markIn(marks, () => renderKept(render))
  if (!marks.used) return markup
  const split = marks.split(markup)
  return split.names.length === 0 ? markup : { holed: true, ...split }
}

/**
 * A kept fragment as markup for what it stands in.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION` when it has holes and stands in no page.
 */
export function assemble<M extends Markup>(kept: M | Holed<M>): M {
  if (typeof kept === 'string' || kept instanceof Uint8Array) return kept
  const { pieces, names } = kept
  const marks = currentMarks()
  if (marks === undefined) {
    throw new CacheError(
      'CACHE_SCOPE_VIOLATION',
      `a fragment with the hole ${JSON.stringify(names[0])} is not in a page: use it behind cachePage with the option holes`,
    )
  }
  const whole: Markup[] = []
  pieces.forEach((piece, at) => {
    if (at > 0) whole.push(marks.place(names[at - 1]!))
    whole.push(piece)
  })
  if (typeof pieces[0] === 'string') return whole.join('') as M
  return Buffer.concat(
    whole.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
  ) as Uint8Array as M
}
