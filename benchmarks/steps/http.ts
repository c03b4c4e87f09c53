/** What a page from storage asks of the rules of HTTP. */
import {
  ageSeconds,
  computeFreshness,
  createCacheStatusWriter,
  createNormalisers,
  createUrlKey,
  evaluatePreconditions,
  governingDirectives,
  judgeReuse,
  variantKey,
} from '../../src/http/index.js'
import { repeat, type Loop } from '../lib/loops.js'

const NOW = 1_700_000_000_000

export const HTTP_STEPS: Readonly<Record<string, () => Loop>> = {
  'HTTP: the key of a URL': () => {
    const urlKey = createUrlKey({ hosts: 'shop.test', query: ['page'] })
    return repeat(() => urlKey('/news?utm_source=mail&page=2', 'shop.test'))
  },
  'HTTP: a variant key of one field': () => {
    const normalisers = createNormalisers({ codings: ['br', 'gzip'] })
    const fields = { 'accept-encoding': 'gzip, deflate, br' }
    return repeat(() => variantKey(['accept-encoding'], fields, normalisers))
  },
  'HTTP: may it be reused': () => {
    const freshness = freshFor(60)
    return repeat(() => judgeReuse(freshness, NOW + 5_000))
  },
  'HTTP: `Age` and `Cache-Status`': () => {
    const freshness = freshFor(60)
    const status = createCacheStatusWriter('keepfresh')
    let at = 0
    return repeat(() => status.hit(60 - ageSeconds(freshness, NOW + (at++ % 60_000))))
  },
  'HTTP: `If-None-Match` with one tag': () => {
    const etag = '"vKtljqUiSWZ4TeWkFEUja7FTYB4"'
    const asked = { method: 'GET', headers: { 'if-none-match': etag }, etag }
    return repeat(() => evaluatePreconditions(asked))
  },
}

function freshFor(seconds: number): ReturnType<typeof computeFreshness> {
  const fields = { 'cache-control': `max-age=${seconds}` }
  const governing = governingDirectives(fields)
  return computeFreshness({ status: 200, fields, governing, requestAt: NOW, responseAt: NOW })
}
