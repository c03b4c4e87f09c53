import { expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { file, open, plain, shop } from './clients.js'

const SUM = 'SELECT sum(amount) AS s FROM item'

test('what is made from answers in a cache goes with them, at once', async () => {
  const { db } = shop('node:sqlite')
  await using cache = createCache()
  const total = () => cache.getOrSet('total', () => plain(db.prepare(SUM).get()))
  expect(await total()).toEqual({ s: 60 })
  expect(await total()).toEqual({ s: 60 })
  expect(cache.stats().hits).toBe(1)
  db.exec('UPDATE item SET amount = 1')
  const now = total()
  expect(await now).toEqual({ s: 3 })
  db.exec('UPDATE org SET name = ?'.replace('?', "'x'"))
  await total()
  expect(cache.stats().hits).toBe(2)
})

test('a write while something is made from answers keeps it from being kept', async () => {
  const { db } = shop('node:sqlite')
  await using cache = createCache()
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = cache.getOrSet('total', async () => {
    const sum = plain(db.prepare(SUM).get())
    await promise
    return sum
  })
  await Promise.resolve()
  db.exec('UPDATE item SET amount = 1')
  resolve()
  expect(await slow).toEqual({ s: 60 })
  expect(await cache.getOrSet('total', () => plain(db.prepare(SUM).get()))).toEqual({ s: 3 })
})

test('reads that are not kept are noted too', async () => {
  const { db } = shop('node:sqlite')
  await using cache = createCache()
  const names = () =>
    cache.getOrSet('names', () => [...db.prepare('SELECT name FROM item').iterate()].length)
  expect(await names()).toBe(3)
  db.exec('DELETE FROM item WHERE id = 3')
  expect(await names()).toBe(2)
})

test('another connection’s writes reach what was made elsewhere when somebody looks', async () => {
  const path = file()
  const { db } = shop('node:sqlite', { watch: 20 }, path)
  await using cache = createCache()
  const total = () => cache.getOrSet('total', () => plain(db.prepare(SUM).get()))
  expect(await total()).toEqual({ s: 60 })
  const other = open('node:sqlite', path)
  other.exec('UPDATE item SET amount = 2')
  const { promise, resolve } = Promise.withResolvers<void>()
  db.cached.on('outside-write', () => resolve())
  await promise
  expect(await total()).toEqual({ s: 6 })
  other.close()
  db.close()
})
