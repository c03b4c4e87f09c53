import { expect, test } from 'vitest'
import { Names } from '../../adapters/memcached/names.js'

const KEY = 'k'.repeat(180)

test('tells entries, locks and tags of one name apart', () => {
  const names = new Names('kf:', 'shop')
  expect([names.entry('a'), names.lock('a'), names.tag('a'), names.space]).toEqual([
    'kf:shop:e:a',
    'kf:shop:l:a',
    'kf:shop:t:a',
    'kf:shop:s',
  ])
})

test.each([1, 10, 63, 64, 65, 200, 2_000])(
  'fits the longest key behind a namespace of %i characters',
  (length) => {
    const names = new Names('kf:', 'n'.repeat(length))
    for (const name of [names.entry(KEY), names.lock(KEY), names.tag(KEY), names.space]) {
      expect(name.length).toBeLessThanOrEqual(250)
    }
  },
)

test('keeps long namespaces apart that begin or end alike', () => {
  const long = 'n'.repeat(100)
  const scopes = [`${long}a`, `${long}b`, `a${long}`, long].map((each) => new Names('', each).space)
  expect(new Set(scopes).size).toBe(4)
  expect(scopes[0]).toMatch(/^n{20}/)
})
