import { invalidOption } from '../base/errors.js'
import type { Id, Part } from './types.js'

type Lower<Name extends string> = Uncapitalize<Name>

/** The parts that a source's `fetch…` methods make: `fetchPrice(id)` loads `price`. */
export type MethodParts<I extends Id, Source> = {
  readonly [
    Name in keyof Source & string as Name extends `fetch${infer Rest}` ? Lower<Rest> : never
  ]: Source[Name] extends (id: never) => infer R
    ? { readonly load: (id: I) => R } & Omit<Part<I, Awaited<R>>, 'load'>
    : never
}

/**
 * Parts from an object or class instance with methods `fetchPrice(id)`, `fetchReviews(id)` …: for `defineObject`'s `parts`, where
 * single parts can be given options with a spread.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` when there is no such method.
 */
export function wrapMethods<I extends Id, Source extends object>(
  source: Source,
): MethodParts<I, Source> {
  const parts: Record<string, Part<I, unknown>> = {}
  for (
    let at: object | null = source;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const match = /^fetch(.)(.*)$/.exec(name)
      const method: unknown = (source as Record<string, unknown>)[name]
      if (!match || typeof method !== 'function') continue
      const part = match[1]!.toLowerCase() + match[2]!
      parts[part] ??= { load: (id: I) => method.call(source, id) as unknown }
    }
  }
  if (Object.keys(parts).length === 0)
    throw invalidOption('source', 'an object with methods named fetch…', source)
  return parts as MethodParts<I, Source>
}
