/** Who waits for whom: one run for all who come together, unless what it makes is for one of them. */
import { describe, expect, it } from 'vitest'
import { fragment, uncacheable } from '../../src/fragment/index.js'
import { deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import { KINDS, type OpenSite, siteOpener } from './site.js'

describe.each(KINDS)('visitors who come together: %s', (_, kind) => {
  const open = siteOpener(kind, { ttl: '1m' })

  it.each<[string, (site: OpenSite) => unknown]>([
    ['what must not be kept', () => uncacheable('the form token')],
    [
      'a part that belongs to one user',
      ({ cache }) => fragment(cache, 'cart', { private: true }, () => 'three'),
    ],
    [
      'two parts that were made before and after a change',
      async ({ cache }) => {
        const row = (name: string) => cache.getOrSet(name, () => 1, { tags: ['row'] })
        await row('one')
        await cache.invalidateTags('row')
        await row('two')
      },
    ],
  ])('each get a page of their own where it is made of %s', async (__, part) => {
    const gate = deferred()
    let runs = 0
    const site: OpenSite = await open(async () => {
      const run = ++runs
      await part(site)
      await gate.promise
      return { body: `run ${run}` }
    })
    const asked = [site.get('/'), site.get('/'), site.get('/')]
    await until('all have arrived', () => site.arrived() === 3 && runs > 0)
    gate.resolve()
    const bodies = (await Promise.all(asked)).map(({ body }) => body)
    expect(bodies.toSorted()).toEqual(['run 1', 'run 2', 'run 3'])
  })

  it('do not wait in line for a page that has just turned out to be for one visitor', async () => {
    const gate = deferred()
    let runs = 0
    const { get, clock } = await open(async () => {
      if (++runs > 1) await gate.promise
      return { body: `run ${runs}`, headers: { 'cache-control': 'private' } }
    })
    await get('/')
    const asked = [get('/'), get('/'), get('/')]
    await until('all of them run', () => runs === 4)
    gate.resolve()
    for (const { headers } of await Promise.all(asked)) {
      expect(headers['cache-status']).toBe('keepfresh;fwd=bypass;detail=pass')
    }
    await clock.advance(1_000)
    expect((await get('/')).headers['cache-status']).toContain('detail=private')
  })
})
