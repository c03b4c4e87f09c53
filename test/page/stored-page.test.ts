import { describe, expect, it } from 'vitest'
import { createCache } from '../../index.js'
import { type FieldLine, fieldsFromLines } from '../../src/http/index.js'
import { resolvePageOptions } from '../../src/page/options.js'
import { previousPage } from '../../src/page/previous.js'
import { createPage, judgeResponse } from '../../src/page/stored-page.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { storedPage } from './kept.js'

const settings = resolvePageOptions({ ttl: '1m' })

/** What becomes of a response with these fields. */
function kept(lines: readonly FieldLine[]): unknown {
  const captured = { status: 200, lines, fields: fieldsFromLines(lines), body: Buffer.from('page') }
  const around = {
    settings,
    requestFields: {},
    identified: false,
    requestNoStore: false,
    requestAt: 0,
    responseAt: 0,
    freshUntil: Infinity,
  }
  return createPage(captured, around, judgeResponse(captured, around))
}

describe('a page to keep', () => {
  it('is none with a field that must not go out, whatever stands in for the response of Node', () => {
    expect(kept([['x-name', 'a']])).toMatchObject({ status: 200 })
    expect(kept([['x-name', 'a\r\nset-cookie: id=evil']])).toBe('unsafe-field')
    expect(kept([['x name', 'a']])).toBe('unsafe-field')
  })
})

describe('the page that stood in a place', () => {
  const page = storedPage('page', [['etag', '"v1"']])

  it.each<[string, unknown, boolean]>([
    ['a page', { vary: [], variant: '', page }, true],
    ['the page of another', { vary: ['x-a'], variant: 'x-a=1:1', page }, false],
    ['a pointer', { vary: ['x-a'], variant: '', page: null }, false],
    ['a text', 'page', false],
    ['an object of another kind', { page }, false],
    [
      'a page that would split the answer',
      { vary: [], variant: '', page: { ...page, lines: [['x', 'a\r\nb']] } },
      false,
    ],
  ])('is taken for one where it is: %s', async (_, value, isOne) => {
    const clock = new FakeClock(Date.now())
    await using cache = createCache({ clock })
    await cache.set('place', value, { ttl: '1s', grace: '1m' })
    await clock.advance(2_000)
    let found: unknown = 'not asked'
    const load = (context: Parameters<typeof previousPage>[1]): string => {
      found = previousPage({ headers: {}, settings }, context)
      return 'new'
    }
    await cache.getOrSet('place', load, { staleWhileRevalidate: 0 })
    expect(found).toEqual(isOne ? page : undefined)
  })
})
