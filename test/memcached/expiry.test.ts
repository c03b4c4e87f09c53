import { expect, test } from 'vitest'
import { toExpiration } from '../../adapters/memcached/expiry.js'
import { startMemcached } from '../support/servers/memcached.js'
import { opened, put, text } from './opened.js'

const SECOND = 1_000
const DAY = 86_400 * SECOND
const NOW = 1_800_000_000_000

test.each([
  ['nothing at all is kept for a moment, not for ever', 0, 1],
  ['a part of a second', 1, 2],
  ['a second', SECOND, 2],
  ['a minute and a bit', 60_001, 62],
  ['the last that is a number of seconds', 30 * DAY - SECOND, 30 * 86_400],
  ['thirty days, sent as a date', 30 * DAY, NOW / SECOND + 30 * 86_400 + 1],
  ['a year, sent as a date', 365 * DAY, NOW / SECOND + 365 * 86_400 + 1],
  ['beyond what a date can say', 100 * 365 * DAY, 0],
  ['for ever', Infinity, 0],
])('says how long to keep an item: %s', (_, ms, expected) => {
  expect(toExpiration(ms, NOW)).toBe(expected)
})

test('keeps on a real server what is kept for months, and what for less than a second', async () => {
  await using server = await startMemcached()
  await using store = opened(server.url)
  const writes = [
    put('month', 'm', 31 * DAY),
    put('years', 'y', 20 * 365 * DAY),
    put('ever', 'e', Infinity),
    put('blink', 'b', 300),
  ]
  const { written } = await store.write(writes, [], undefined)
  expect(written).toEqual([undefined, undefined, undefined, undefined])
  const before = performance.now()
  let lived = 0
  while ((await text(store, 'blink')) === 'b') lived = performance.now() - before
  expect(lived).toBeGreaterThanOrEqual(300)
  expect(lived).toBeLessThan(2_300)
  expect(await text(store, 'month')).toBe('m')
  expect(await text(store, 'years')).toBe('y')
  expect(await text(store, 'ever')).toBe('e')
})
