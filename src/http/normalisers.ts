import { chooseCoding, normaliseAcceptEncoding } from './accept-encoding.js'
import { chooseLanguage, normaliseAcceptLanguage } from './accept-language.js'
import { memoise } from './memoise.js'
import type { FieldNormaliser, FieldNormalisers } from './vary.js'

/** What an application knows of its own variants. */
export interface NormaliserOptions {
  /** The content codings it sends, best first. Then all visitors who would get the same one share a variant. */
  readonly codings?: readonly string[]
  /** The languages it answers in, the first where none is wanted. Then all visitors who would get the same one share. */
  readonly languages?: readonly string[]
  /** How to compare further fields, by name. */
  readonly fields?: FieldNormalisers
}

/**
 * How to compare the selecting fields of requests: `Accept-Encoding` and `Accept-Language` by meaning, others as lists.
 *
 * Make it once per route: each normaliser remembers what it has seen.
 */
export function createNormalisers(options: NormaliserOptions = {}): FieldNormalisers {
  const { codings, languages } = options
  const all: Record<string, FieldNormaliser> = Object.create(null)
  all['accept-encoding'] = memoise(
    codings === undefined ? normaliseAcceptEncoding : (value) => chooseCoding(value, codings),
  )
  const fallback = languages?.[0]
  all['accept-language'] = memoise(
    languages === undefined || fallback === undefined
      ? normaliseAcceptLanguage
      : (value) => chooseLanguage(value, languages, fallback),
  )
  for (const [name, normalise] of Object.entries(options.fields ?? {})) {
    all[name.toLowerCase()] = memoise(normalise)
  }
  return all
}
