import { canonicalKey } from '../base/stable-key.js'
import { mergeValue } from '../cache/adjust.js'
import { dropKeys } from '../cache/change.js'
import type { LoaderContext } from '../cache/context.js'
import { report } from '../cache/core.js'
import { runInScope } from '../cache/scope.js'
import { mergeVary } from '../http/index.js'
import { previousPage } from './previous.js'
import { variantsTag } from './keys.js'
import type { Kept } from './stored-page.js'
import type { Entered, Shared } from './visit.js'

/**
 * Every name that a URL has ever varied on keeps counting: a response that forgets its `Vary` once does not reach those who
 * differ. It counts for what is kept already, too: RFC 9111 section 4.1 would let a variant be served by its own `Vary` to its end,
 * but by then it is known that visitors get it who are not to.
 */

const VARY_TTL_MS = 30 * 86_400_000

/** Remembers that a URL varies on `names`, and not only on those `before`; resolves when nobody gets variants by those any more. */
export async function rememberVary(
  shared: Shared,
  url: string,
  names: readonly string[],
  before: readonly string[],
): Promise<void> {
  const { cache, core, keys } = shared
  const key = canonicalKey(keys.vary(url))
  const merge = (seen: unknown): unknown => mergeVary(names, (seen ?? []) as readonly string[])
  const policy = { ...core.settings.policy, ttlMs: VARY_TTL_MS, graceMs: 0, jitter: 0 }
  try {
    await mergeValue(core, key, merge, policy)
  } catch (error) {
    // The page itself still says what it varies on.
    report(core, error, 'vary', { key: url })
  }
  // Where nothing was told apart there is one page, and the new one is in its place.
  if (before.length === 0) return
  await cache.invalidateTags([variantsTag(url, before)])
  // And the one that was made while nothing was known yet.
  await dropKeys(core, [keys.page(url, [], {})])
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
export function placeOf(
  entered: Entered,
  context: LoaderContext,
  names: readonly string[],
): Place | Promise<Place> {
  const seen = varySeen(entered.shared, entered.at.key)
  if (seen instanceof Promise) return seen.then((known) => place(entered, context, names, known))
  return place(entered, context, names, seen)
}

function place(
  { shared: { settings }, headers }: Entered,
  context: LoaderContext,
  names: readonly string[],
  known: readonly string[] | undefined,
): Place {
  const vary = known === undefined ? names : mergeVary(names, known)
  if (vary === '*' || vary.length === names.length) return { names }
  if (previousPage({ headers, settings }, context) !== undefined) return { names: vary }
  context.ttl(VARY_TTL_MS)
  context.grace(0)
  return { pointer: { vary, variant: '', page: null } }
}
