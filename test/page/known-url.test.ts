import { expect, it } from 'vitest'
import { createPageKeys } from '../../src/page/keys.js'
import { createUrlFinder, type KnownUrl } from '../../src/page/known-url.js'
import { resolvePageOptions } from '../../src/page/options.js'

const settings = resolvePageOptions({ query: ['page'] })
const find = createUrlFinder(createPageKeys(settings), settings)
const found = (target: string): KnownUrl => find(target, 'shop.test') as KnownUrl

it('a URL leaves no trace until it has a page', () => {
  expect(found('/a')).not.toBe(found('/a'))
  found('/a').remember?.()
  expect(found('/a')).toBe(found('/a'))
  expect(found('/a?page=1')).not.toBe(found('/a'))
  expect(find('/a', 'other.test')).not.toBe(found('/a'))
})

it('a spelling that somebody has made up to be long leaves none at all', () => {
  const target = `/a?page=1&bust=${'x'.repeat(300)}`
  found(target).remember?.()
  expect(found(target)).not.toBe(found(target))
  expect(found(target).at.key).toBe('https://shop.test/a?page=1')
})
