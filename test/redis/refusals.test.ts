import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import type { RemoteStore } from '../../src/store/store.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'
import { until } from '../support/until.js'
import { get, opened, put } from './opened.js'

const UNAVAILABLE = { code: 'CACHE_STORE_UNAVAILABLE' }

async function leased(store: RemoteStore, key: string) {
  const { keys } = await store.acquire([key], [], 60_000, 60_000)
  const [state] = keys
  if (state === undefined || 'unavailable' in state) throw state?.unavailable ?? new Error('none')
  return state
}

describe('a server without room', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('keeps reads, drops and invalidations, and refuses the rest by name', async () => {
    await using opening = opened(redisStore(server.url))
    const { store } = opening
    await put(store, 'old')
    await put(store, 'read')
    const { lease } = await leased(store, 'leased')
    const [version] = await store.note(['t'], 60_000)
    const { space } = await leased(store, 'space')
    const used = /used_memory:(\d+)/.exec(String(await server.command('INFO', 'memory')))
    await server.command('CONFIG', 'SET', 'maxmemory', Number(used![1]) - 100_000)

    expect(await get(store, 'read')).toBe('value')

    // Not "somebody else has it", which would have the engine wait for a fill that never comes.
    const { keys } = await store.acquire(['new'], [], 1_000, 1_000)
    expect(keys[0]).toMatchObject({ unavailable: UNAVAILABLE })

    const { filled } = await store.fill(
      [{ key: 'leased', lease: lease!, bytes: Buffer.from('late'), keepMs: 1_000 }],
      [],
    )
    expect(filled[0]).toMatchObject({ unavailable: UNAVAILABLE })

    // What was there is older than what could not be written.
    await expect(put(store, 'old', 'new')).rejects.toMatchObject(UNAVAILABLE)
    expect(await get(store, 'old')).toBeUndefined()

    expect(await store.drop(['read'], 'dropped')).toEqual([undefined])
    expect(await get(store, 'read')).toBeUndefined()
    expect(await store.invalidate(['t'], ['next'], 'invalidated')).toEqual([undefined])
    expect((await store.read([], ['t'])).versions[0]).not.toBe(version)
    await store.clear('next', 'cleared')
    const { keys: states } = await store.read(['space'], [])
    expect(states[0]).not.toMatchObject({ space })
    expect(store.health()[0]!.circuit).toBe('closed')
  })
})

describe('a server that', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('became a replica is left alone until it is a master again', async () => {
    await using opening = opened(redisStore(server.url, { retryAtMost: 200 }))
    const { store } = opening
    await put(store, 'k')
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await until('the circuit is open', async () => {
      await put(store, 'k', 'lost').catch(() => {})
      return store.health()[0]!.circuit !== 'closed'
    })
    await expect(get(store, 'k')).rejects.toMatchObject(UNAVAILABLE)
    await server.command('REPLICAOF', 'NO', 'ONE')
    await until('it is asked again', async () => (await put(store, 'k', 'new'), true))
    expect(await get(store, 'k')).toBe('new')
  })

  test('is loading its data is left alone until it has', async () => {
    await using opening = opened(redisStore(server.url, { retryAtMost: 200 }))
    const { store } = opening
    await put(store, 'k')
    for (let n = 0; n < 200; n++) await put(store, `k${n}`)
    await server.command('CONFIG', 'SET', 'loading-process-events-interval-bytes', 1_024)
    await server.command('CONFIG', 'SET', 'key-load-delay', 3_000)
    const loaded = server.command('DEBUG', 'RELOAD')
    const errors: string[] = []
    await until('the circuit is open', async () => {
      await get(store, 'k').catch((error: Error) => errors.push(error.message))
      return store.health()[0]!.circuit !== 'closed'
    })
    expect(errors.some((message) => message.includes('LOADING'))).toBe(true)
    await loaded
    await until('it is asked again', async () => (await get(store, 'k'), true))
    expect(await get(store, 'k')).toBe('value')
  })

  test('does not know our password says so', async () => {
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
    const url = (password: string) => `redis://app:${password}@127.0.0.1:${server.port}`
    await using wrong = opened(redisStore(url('wrong')))
    await expect(put(wrong.store, 'k')).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: expect.stringContaining('WRONGPASS') as unknown,
    })
    await using right = opened(redisStore(url('secret')))
    await put(right.store, 'k')
  })

  test('permits only what is needed is enough', async () => {
    const needed = [
      '+mget',
      '+evalsha',
      '+script|load',
      '+time',
      '+get',
      '+set',
      '+del',
      '+unlink',
      '+pttl',
      '+pexpire',
      '+persist',
      '+publish',
      '+subscribe',
      '+ping',
      '+exists',
    ]
    await server.command('ACL', 'SETUSER', 'least', 'on', '>secret', '~kf:*', '&kf:*', ...needed)
    await using opening = opened(redisStore(`redis://least:secret@127.0.0.1:${server.port}`))
    const { store } = opening
    const heard = Promise.withResolvers<string>()
    const up = Promise.withResolvers<void>()
    store.bus!.subscribe({ message: heard.resolve, up: up.resolve, down: () => {} })
    await up.promise
    await put(store, 'k')
    expect(await get(store, 'k')).toBe('value')
    await store.acquire(['l'], ['t'], 1_000, 1_000)
    await store.invalidate(['t'], ['next'], 'heard')
    expect(await heard.promise).toBe('heard')
    await store.clear('next', undefined)
    expect(await store.drop(['k'], undefined)).toEqual([undefined])
  })

  test('has something else under our names is no reason to fail', async () => {
    await using opening = opened(redisStore(server.url), 'foreign')
    const { store } = opening
    for (const name of ['e:{k}', 't:{t}', 's']) {
      await server.command('DEL', `kf:foreign:${name}`)
      await server.command('RPUSH', `kf:foreign:${name}`, 'foreign')
    }
    expect(await get(store, 'k')).toBeUndefined()
    const { keys, versions } = await store.acquire(['k'], ['t'], 1_000, 1_000)
    expect(keys[0]).toMatchObject({ found: undefined, space: expect.any(String) as unknown })
    expect(versions[0]).toEqual(expect.any(String))
    await put(store, 'k')
    expect(await get(store, 'k')).toBe('value')
  })
})
