/**
 * Tags in response headers, by which a CDN finds what to purge: `Surrogate-Key`, `Cache-Tag` and their like.
 *
 * A tag that does not fit would be a response the CDN keeps when it should not, so nothing is dropped in silence: the
 * result says whether it is complete, and a response whose tags are not must not be kept by that CDN.
 */

/** How a CDN wants its tags. */
export interface SurrogateKeyFormat {
  /** The field, lower-case. */
  readonly field: string
  readonly separator: ' ' | ','
  /** The longest value in bytes. */
  readonly maxBytes: number
  /** The longest tag in bytes. */
  readonly maxTagBytes: number
  /** The most tags. */
  readonly maxTags: number
}

/** The CDNs whose way of writing tags is known here. */
export type SurrogateKeyDialect = 'fastly' | 'cloudflare' | 'akamai' | 'xkey'

/** Fastly; Cloudflare, whose field other CDNs read too; Akamai; Varnish with xkey. Give bounds of your own where yours differ. */
export const SURROGATE_KEY_FORMATS: Readonly<Record<SurrogateKeyDialect, SurrogateKeyFormat>> = {
  fastly: {
    field: 'surrogate-key',
    separator: ' ',
    maxBytes: 16_384,
    maxTagBytes: 1024,
    maxTags: Infinity,
  },
  cloudflare: {
    field: 'cache-tag',
    separator: ',',
    maxBytes: 16_384,
    maxTagBytes: 1024,
    maxTags: Infinity,
  },
  akamai: {
    field: 'edge-cache-tag',
    separator: ',',
    maxBytes: 8192,
    maxTagBytes: 128,
    maxTags: 128,
  },
  xkey: { field: 'xkey', separator: ' ', maxBytes: 8000, maxTagBytes: 1024, maxTags: Infinity },
}

/** Tags as a field value. */
export interface SurrogateKeys {
  /** Empty when there is no tag that fits. */
  readonly value: string
  /** The tags that did not fit. When there are any, keep the CDN from storing the response. */
  readonly omitted: readonly string[]
}

/**
 * A tag as it stands in the field and in the purge request: everything but letters, digits and `- . _ ~ : / = @ + !` as
 * percent-encoded UTF-8, so that no tag can hold a separator or be taken for another.
 */
export function encodeSurrogateKey(tag: string): string {
  if (/^[\w.~:/=@+!-]+$/.test(tag)) return tag
  let text = ''
  for (const byte of Buffer.from(tag, 'utf8')) {
    const character = String.fromCharCode(byte)
    text += /[\w.~:/=@+!-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

/** The tags in the CDN's format, each once, in order, as many as fit. */
export function formatSurrogateKeys(
  tags: Iterable<string>,
  format: SurrogateKeyFormat,
): SurrogateKeys {
  const written: string[] = []
  const omitted: string[] = []
  let bytes = 0
  for (const tag of new Set(tags)) {
    const text = encodeSurrogateKey(tag)
    const size = text.length + (written.length === 0 ? 0 : 1)
    const fits = text.length <= format.maxTagBytes && bytes + size <= format.maxBytes
    if (text === '' || !fits || written.length >= format.maxTags) omitted.push(tag)
    else {
      written.push(text)
      bytes += size
    }
  }
  return { value: written.join(format.separator), omitted }
}
