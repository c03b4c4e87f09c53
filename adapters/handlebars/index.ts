import type { Cache } from '../../src/cache/cache.js'
import { fragment, type FragmentOptions, later } from '../../src/fragment/index.js'
import { namedOptions } from '../../src/fragment/named-options.js'
import type { Key } from '../../src/base/stable-key.js'

export { whole } from '../../src/fragment/index.js'
export type { FragmentOptions }

/** What of a helper's options is used here. */
export interface HelperOptions {
  /** Renders the block; undefined where the helper has none. */
  readonly fn?: (context: unknown) => string
  readonly hash: Readonly<Record<string, unknown>>
}

/**
 * A block helper that keeps its block: `{{#fragment "card" id ttl="10m" tags=tags}} … {{/fragment}}`. The arguments are the key; `ttl`,
 * `grace`, `tags` and `version` are options, those of `options` being the defaults.
 *
 * Handlebars cannot wait, so render within `whole`: `await whole(() => template(data))`.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION`, when rendered, outside of `whole`.
 */
export function fragmentHelper(
  cache: Cache,
  options: FragmentOptions = {},
): (this: unknown, ...parts: unknown[]) => string {
  return function fragmentOf(this: unknown, ...parts: unknown[]): string {
    const { fn, hash } = parts.pop() as HelperOptions
    if (fn === undefined)
      throw new TypeError('{{#fragment}} is a block: {{#fragment "key"}} … {{/fragment}}')
    return later(fragment(cache, parts as Key, namedOptions(options, hash), () => fn(this)))
  }
}
