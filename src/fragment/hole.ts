import { invalidOption } from '../base/errors.js'
import { runInScope } from '../cache/scope.js'
import type { Markup } from './fragment.js'
import { markIn, placeHole } from './marks.js'
import { fillHole } from './uncacheable.js'

/** A place in a page that is filled for each visitor, whether the page is kept or not. */
export interface Hole<Request = never> {
  readonly name: string
  /** What stands there for this visitor. */
  readonly render: (request: Request) => Markup | Promise<Markup>
  /**
   * What a template writes: a mark that becomes the visitor's own part when the page goes out.
   *
   * @throws {CacheError} `CACHE_SCOPE_VIOLATION` outside of a page, in one that does not declare the hole, and within a value that is
   * kept by itself (`getOrSet`) instead of as a fragment.
   */
  toString(): string
}

/**
 * A part of a page that is not kept with it: the page is the same for all, the greeting in it is not.
 *
 * Made once, beside the routes. It is named in the page's option `holes` and written where it belongs in a template, as `${greeting}`
 * in any of them. `render` gets the framework's request; where the page comes from storage no handler has run, so it must
 * not rely on one. What it reads through a cache is no part of the page. When it throws, its place stays empty, and that is an event.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a name or a function that is none.
 */
export function hole<Request = never>(
  name: string,
  render: (request: Request) => Markup | Promise<Markup>,
): Hole<Request> {
  if (typeof name !== 'string' || name === '')
    throw invalidOption('name', 'a text that is not empty', name)
  if (typeof render !== 'function') throw invalidOption('render', 'a function', render)
  return Object.freeze({
    name,
    render,
    toString: () => placeHole(name),
  })
}

/** What fills a hole, made outside of the page that it is in: nothing it reads is noted for that. */
export function renderHole({ render }: Hole, request: unknown): Markup | Promise<Markup> {
  const own = render as (request: unknown) => Markup | Promise<Markup>
  return runInScope(undefined, () => markIn(undefined, () => fillHole(() => own(request))))
}
