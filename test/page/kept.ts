import type { Cache } from '../../index.js'
import type { FieldLine } from '../../src/http/index.js'
import type { StoredPage } from '../../src/page/stored-page.js'

/** A page as the page cache keeps it: made just now, and fresh for a minute. */
export function storedPage(body: string, lines: readonly FieldLine[] = []): StoredPage {
  return {
    status: 200,
    lines,
    body: new TextEncoder().encode(body),
    freshness: {
      bornAt: Date.now(),
      lifetimeMs: 60_000,
      source: 'ttl',
      alwaysValidate: false,
      neverStale: false,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: undefined,
    },
  }
}

/** Puts something where the page cache looks for what it has of a URL, or of one of its variants: as if it had been kept, or spoiled. */
export async function plant(cache: Cache, url: string, kept: unknown, variant = ''): Promise<void> {
  await cache.set(['keepfresh:page', url, variant], kept, { ttl: '1m' })
}
