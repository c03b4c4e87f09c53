import { expect, test } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { createCache } from '../../index.js'
import { SimulatedServer, World, type Step } from '../../src/testing/simulation/index.js'

/**
 * 1. A asks for `row`; nothing is there, the store plants the lease and notes the tag as it is.
 * 2. D invalidates the tag, and A hears of it.
 * 3. A is told what was noted in 1. Its memory must not believe that: `other`, which was kept before 2, would hold again.
 */
test('memory believes no version that was noted before a message it has heard', async () => {
  const world = new World(0, ['D'])
  const server = new SimulatedServer(world, { claims: true })
  const made = (process: string, memory: boolean) =>
    createCache({
      tiers: [...(memory ? [memoryStore()] : []), server.store(process)],
      clock: world.clock(process),
      random: world.random(process),
    })
  const [a, d] = [made('A', true), made('D', false)]
  const tagged = { tags: ['t'], ttl: '1m' } as const
  // The first read of all sees to it that messages are heard.
  const other = a.getOrSet('other', () => 'old', tagged)
  await world.drain()
  expect(await other).toBe('old')

  const loading = Promise.withResolvers<string>()
  const row = a.getOrSet('row', () => loading.promise, tagged)
  await through(world, 'A: claim row')
  const invalidated = d.invalidateTags('t')
  await through(world, 'D: invalidate', 'message arrives', 'answer to claim')
  await invalidated
  const again = a.getOrSet('other', () => 'new', tagged)
  loading.resolve('new')
  await world.drain()
  expect(await Promise.all([row, again])).toEqual(['new', 'new'])
})

test('a lease that came with the answer is prolonged while the loader runs', async () => {
  const world = new World(0)
  const server = new SimulatedServer(world, { claims: true })
  const cache = createCache({
    tiers: [server.store('A')],
    clock: world.clock('A'),
    random: world.random('A'),
    lease: '3s',
  })
  const loading = Promise.withResolvers<string>()
  const row = cache.getOrSet('row', () => loading.promise, { ttl: '1h' })
  await through(world, 'A: claim row', 'answer to claim')
  // Four seconds in all.
  for (let n = 0; n < 4; n++) await through(world, 'timer', 'A: renew row', 'answer to renew')
  loading.resolve('value')
  await through(world, 'A: fill row')
  await world.drain()
  expect(await row).toBe('value')
  const again = cache.getOrSet('row', () => 'again')
  await world.drain()
  expect(await again).toBe('value')
})

/** Runs these steps, one after the other. */
async function through(world: World, ...steps: readonly string[]): Promise<void> {
  for (const step of steps) {
    const before = world.story.length
    const at = (options: readonly Step[]) => options.findIndex(({ label }) => label.includes(step))
    await world.run(
      (options) => Math.max(0, at(options)),
      () => world.story.length > before,
    )
    expect(world.story.at(-1)).toContain(step)
  }
}
