import { expect, onTestFinished, test } from 'vitest'
import { createCache, type Cache, type CacheEvents, type CacheOptions } from '../../index.js'
import { FakeClock } from '../../src/testing/index.js'

/** A cache whose every hit is checked after two seconds, and a row that someone may change. */
function audited(audit: CacheOptions['audit']): {
  readonly clock: FakeClock
  readonly cache: Cache
  readonly findings: CacheEvents['audit'][]
  readonly row: { stock: number; loads: number }
  readonly read: () => Promise<{ readonly stock: number }>
} {
  const clock = new FakeClock()
  const cache = createCache({ clock, audit, ttl: '1h' })
  onTestFinished(() => cache.close())
  const findings: CacheEvents['audit'][] = []
  cache.on('audit', (finding) => findings.push(finding))
  const row = { stock: 5, loads: 0 }
  const load = async () => {
    row.loads++
    return { stock: row.stock }
  }
  return {
    clock,
    cache,
    findings,
    row,
    read: () => cache.getOrSet('p', load, { tags: ['product:1'] }),
  }
}

test('a writer that forgets to invalidate is told of, with what was served, the truth and the tags', async () => {
  const told: CacheEvents['audit'][] = []
  const { clock, cache, findings, row, read } = audited({
    sample: 1,
    onStale: (one) => told.push(one),
  })
  await read()
  row.stock = 4
  expect(await read()).toEqual({ stock: 5 })
  await clock.advance(4_000)
  expect(findings).toEqual([
    {
      key: 'p',
      served: { stock: 5 },
      truth: { stock: 4 },
      loadedAt: Date.UTC(2026, 0, 1),
      servedAt: Date.UTC(2026, 0, 1),
      tags: [{ tag: 'product:1', version: expect.any(String) as string }],
    },
  ])
  expect(told).toEqual(findings)
  expect(cache.stats()).toMatchObject({ audits: 1, auditFindings: 1 })
  // What it loaded is kept nowhere.
  expect(await cache.get('p')).toEqual({ stock: 5 })
})

test('a writer that invalidates is not told of, however late within the delay', async () => {
  const { clock, cache, findings, row, read } = audited({ sample: 1 })
  await read()
  await read()
  row.stock = 4
  await clock.advance(1_000)
  await cache.invalidateTags('product:1')
  await clock.advance(10_000)
  expect(findings).toEqual([])
})

test('a writer is not told of that is between its write and its invalidation when the truth is loaded', async () => {
  const { clock, cache, findings, row, read } = audited({ sample: 1 })
  await read()
  await read()
  row.stock = 4
  await clock.advance(2_500)
  await cache.delete('p')
  await clock.advance(10_000)
  expect(cache.stats().audits).toBe(1)
  expect(findings).toEqual([])
})

test('an entry that holds what is true is not told of, and costs one load', async () => {
  const { clock, cache, findings, row, read } = audited({ sample: 1 })
  await read()
  await read()
  await clock.advance(10_000)
  expect(findings).toEqual([])
  expect(row.loads).toBe(2)
  expect(cache.stats()).toMatchObject({ loads: 1, audits: 1, auditFindings: 0 })
})

test('without the option, nothing is loaded again', async () => {
  const { clock, row, read } = audited(undefined)
  await read()
  await read()
  await clock.advance(10_000)
  expect(row.loads).toBe(1)
})

test('a loader that fails says nothing, and no more than 16 are checked at once', async () => {
  const { clock, cache, findings, row, read } = audited({ sample: 1 })
  await read()
  for (let n = 0; n < 100; n++) await read()
  await clock.advance(10_000)
  expect(row.loads).toBe(17)
  await cache.getOrSet('q', () => 1)
  await cache.getOrSet('q', () => Promise.reject(new Error('down')))
  await clock.advance(10_000)
  expect(findings).toEqual([])
})

test('a wrong option is refused by its name', () => {
  expect(() => createCache({ audit: { sample: 2 } })).toThrow('audit.sample')
  expect(() => createCache({ audit: { after: -1 } })).toThrow('audit.after')
})
