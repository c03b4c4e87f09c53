import type { Markup } from './fragment.js'
import { Html } from './html.js'
import { join, whole } from './later.js'
import { markIn, Marks, placeHole } from './marks.js'
import { renderKept } from './uncacheable.js'

/** A fragment as it is kept, where it is more than a text or bytes: with holes, or markup of `html`. */
export interface Holed {
  readonly pieces: readonly Markup[]
  /** The holes between them. */
  readonly names: readonly string[]
  /** Whether it is to come back as markup of `html`. */
  readonly html: boolean
}

/** Renders a fragment that will be kept; its marks are its own, since each page it will stand in has others. */
export async function renderHoled<M extends Markup | Html>(
  render: () => M | Promise<M>,
): Promise<M | Holed> {
  const marks = new Marks()
  let html = false
  const markup = await markIn(marks, () =>
    renderKept(() =>
      whole(async (): Promise<Markup> => {
        const made: Markup | Html = await render()
        html = made instanceof Html
        return made instanceof Html ? made.toString() : made
      }),
    ),
  )
  if (!marks.used && !html) return markup as M
  const split = marks.split(markup)
  return split.names.length === 0 && !html ? (markup as M) : { ...split, html }
}

/**
 * A kept fragment as markup for what it stands in.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION` when it has holes that cannot stand here: see `placeHole`.
 */
export function assemble<M extends Markup | Html>(kept: M | Holed): M {
  if (typeof kept === 'string' || kept instanceof Uint8Array || kept instanceof Html) return kept
  const { pieces, names, html } = kept
  const all = join(pieces, (at) => placeHole(names[at]!))
  return (html ? new Html(all as string) : all) as M
}
