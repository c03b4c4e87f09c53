import { canonicalKey } from '../base/stable-key.js'
import type { LoaderContext } from '../cache/context.js'
import { runInScope } from '../cache/scope.js'
import { mergeVary } from '../http/index.js'
import { previousPage } from './previous.js'
import type { Kept } from './stored-page.js'
import type { Entered, Shared } from './visit.js'

/**
 * Every name that a URL has ever varied on keeps counting: a response that forgets its `Vary` once does not reach those who
 * differ.
 */

const VARY_TTL_MS = 30 * 86_400_000

/** Remembers what a URL varies on; resolves when it is remembered. */
export async function rememberVary(
  { cache, keys }: Shared,
  url: string,
  names: readonly string[],
): Promise<void> {
  await cache.set(keys.vary(url), names, { ttl: VARY_TTL_MS })
}

/** The names that a URL has been seen to vary on; at once where process memory knows all there is to know. */
function varySeen(
  { cache, core, keys }: Shared,
  url: string,
): readonly string[] | undefined | Promise<readonly string[] | undefined> {
  const key = keys.vary(url)
  if (core.remotes.length > 0) {
    return runInScope(undefined, () => cache.get<readonly string[]>(key))
  }
  const entry = core.near?.get(canonicalKey(key))
  const fresh = entry !== undefined && core.clock.now() < entry.freshUntil
  return fresh ? (entry.value as readonly string[]) : undefined
}

/** What a place is for: a page told apart by these names, or nothing but a pointer to where there are more names. */
export type Place = { readonly names: readonly string[] } | { readonly pointer: Kept }

/**
 * What the place of `names` is for. Where the URL has been seen to vary on more, that is a pointer; but a page that stands there
 * already and is for this visitor stays, told apart by all of them, so that it can be asked about.
 */
export async function placeOf(
  { shared, at, headers }: Entered,
  context: LoaderContext,
  names: readonly string[],
): Promise<Place> {
  const { settings } = shared
  const seen = varySeen(shared, at.key)
  const known = seen instanceof Promise ? await seen : seen
  const vary = known === undefined ? names : mergeVary(names, known)
  if (vary === '*' || vary.length === names.length) return { names }
  if (previousPage({ headers, settings }, context) !== undefined) return { names: vary }
  context.ttl(VARY_TTL_MS)
  context.grace(0)
  return { pointer: { vary, variant: '', page: null } }
}
