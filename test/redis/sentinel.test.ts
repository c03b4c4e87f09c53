import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { type SentinelSetup, startSentinel } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { get, opened, put, timed } from './opened.js'

describe('redisStore with Sentinel', () => {
  let setup: SentinelSetup
  beforeEach(async () => {
    setup = await startSentinel({ replicas: 1, sentinels: 3, password: 'secret' })
  })
  afterEach(() => setup[Symbol.asyncDispose]())
  const hosts = () => setup.startupNodes.map(({ host, port }) => `${host}:${port}`).join(',')
  const options = { deadline: 150, retryAtMost: 300, heartbeat: 200 } as const

  test('follows the master when it is killed', async () => {
    await using opening = opened(redisStore(`redis+sentinel://:secret@${hosts()}/main`, options))
    const { store } = opening
    const events: string[] = []
    store.bus!.subscribe({
      message: (text) => events.push(text),
      up: () => events.push('(up)'),
      down: () => events.push('(down)'),
    })
    await put(store, 'k')
    await until('the bus is up', () => events.includes('(up)'))
    await until('the replica has it', async () => {
      const keys = (await setup.replicas[0]!.command('KEYS', '*')) as string[]
      return keys.some((key) => key.includes(':e:{k}'))
    })
    await setup.master.kill()
    const failed = await timed(get(store, 'k'))
    expect(failed.ms).toBeLessThan(300)
    await setup.failedOverFrom(setup.master.port)
    await until('it is asked again', async () => (await get(store, 'k'), true))
    expect(await get(store, 'k')).toBe('value')
    await put(store, 'k', 'new')
    await until('the bus is up', () => events.at(-1) === '(up)')
    await store.drop(['k'], 'dropped')
    await until('the bus has carried it', () => events.includes('dropped'))
  })

  test('leaves a master that has become a replica', async () => {
    const sentinels = setup.startupNodes
    await using opening = opened(
      redisStore({ sentinels, name: 'main', password: 'secret' }, options),
    )
    const { store } = opening
    await put(store, 'k')
    await setup.sentinels[0]!.command('SENTINEL', 'FAILOVER', 'main')
    await setup.failedOverFrom(setup.master.port)
    await until('it takes writes again', async () => (await put(store, 'k', 'new'), true))
    expect(await get(store, 'k')).toBe('new')
  })

  test('waits no longer than it may for Sentinels that stand still', async () => {
    for (const sentinel of setup.sentinels) sentinel.pause()
    await using opening = opened(
      redisStore(`redis+sentinel://:secret@${hosts()}/main`, { ...options, connectTimeout: 400 }),
    )
    const { store } = opening
    const first = await timed(get(store, 'k'))
    expect(first.error).toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
    expect(first.ms).toBeLessThan(300)
    for (const sentinel of setup.sentinels) sentinel.resume()
    await until('it finds the master', async () => (await get(store, 'k'), true))
  })
})
