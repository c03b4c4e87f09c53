import { describe, invalidOption } from '../base/errors.js'
import type { FragmentOptions } from './fragment.js'

/**
 * Options as a template writes them: `ttl="10m" tags="product:5 shop"`, over those that all have. Wrong durations and tags are refused
 * where they are used.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a name that is no option.
 */
export function namedOptions(
  common: FragmentOptions,
  named: Readonly<Record<string, unknown>>,
): FragmentOptions {
  const options: Record<string, unknown> = { ...common }
  for (const [name, value] of Object.entries(named)) {
    if (name === 'ttl' || name === 'grace') options[name] = value
    else if (name === 'tags') options['tags'] = listOf(value)
    else if (name === 'version') options['version'] = textOf(value)
    else if (name !== '__keywords') throw invalidOption(name, 'ttl, grace, tags or version', value)
  }
  return options
}

/** A list, or a text with spaces between. */
function listOf(tags: unknown): unknown {
  return typeof tags === 'string' ? tags.split(/\s+/).filter((tag) => tag !== '') : tags
}

function textOf(version: unknown): string {
  if (typeof version === 'string' || typeof version === 'number') return String(version)
  throw invalidOption('version', `a text, not ${describe(version)}`, version)
}
