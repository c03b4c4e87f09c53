import type { LoaderContext } from '../cache/context.js'
import { runInScope } from '../cache/scope.js'
import { mergeVary } from '../http/index.js'
import type { Kept } from './stored-page.js'
import type { Shared } from './visit.js'

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

/** In the place of a page, the names that the URL has been seen to vary on, if they are more than the key tells apart. */
export async function pointerFor(
  { cache, keys }: Shared,
  url: string,
  context: LoaderContext,
  names: readonly string[],
): Promise<Kept | undefined> {
  const known = await runInScope(undefined, () => cache.get<readonly string[]>(keys.vary(url)))
  if (known === undefined) return undefined
  const vary = mergeVary(names, known)
  if (vary === '*' || vary.length === names.length) return undefined
  context.ttl(VARY_TTL_MS)
  context.grace(0)
  return { vary, variant: '', page: null }
}
