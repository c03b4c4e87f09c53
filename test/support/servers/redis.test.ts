import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../until.js'
import { freePort } from './ports.js'
import { startRedis } from './redis.js'

test('answers on its own port, with an empty database', async () => {
  await using redis = await startRedis()
  await using other = await startRedis()
  expect(await redis.command('SET', 'a', '1')).toBe('OK')
  expect(await redis.command('DBSIZE')).toBe(1)
  expect(await other.command('DBSIZE')).toBe(0)
  expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
})

test('is gone, with its directory, at the end of the block', async () => {
  let pid: number
  let directory: string
  {
    await using redis = await startRedis()
    ;({ pid, directory } = redis)
    expect(existsSync(directory)).toBe(true)
  }
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect(existsSync(directory)).toBe(false)
})

test('comes back on the same port, empty unless it persists', async () => {
  await using redis = await startRedis()
  await using durable = await startRedis({ persist: true })
  for (const server of [redis, durable]) {
    const before = server.pid
    await server.command('SET', 'a', '1')
    await server.kill()
    expect(server.running).toBe(false)
    await expect(server.command('PING')).rejects.toThrow('closed')
    await server.restart()
    expect(server.pid).not.toBe(before)
  }
  expect(await redis.command('GET', 'a')).toBeNull()
  expect(await durable.command('GET', 'a')).toBe('1')
  await durable.restart({ data: 'empty' })
  expect(await durable.command('GET', 'a')).toBeNull()
})

test('does not answer while paused, and does afterwards', async () => {
  await using redis = await startRedis()
  redis.pause()
  const answer = redis.command('PING')
  await expect(Promise.race([answer, sleep(100, 'nothing yet')])).resolves.toBe('nothing yet')
  redis.resume()
  expect(await answer).toBe('PONG')
})

test('can be stopped while paused', async () => {
  await using redis = await startRedis()
  redis.pause()
  await redis.stop()
  expect(redis.running).toBe(false)
})

test('wants its password', async () => {
  await using redis = await startRedis({ password: 'open: sesame' })
  expect(redis.url).toContain(':open%3A%20sesame@')
  expect(await redis.command('PING')).toBe('PONG')
  await expect(Object.assign({}, redis).command('AUTH', 'wrong')).rejects.toThrow('WRONGPASS')
})

test('refuses writes past its memory bound', async () => {
  await using redis = await startRedis({ maxmemory: '3mb' })
  expect(await redis.command('SET', 'small', 'x')).toBe('OK')
  await expect(redis.command('SET', 'large', 'x'.repeat(4_000_000))).rejects.toThrow('OOM')
})

test('follows another one', async () => {
  await using master = await startRedis({ password: 'secret' })
  await using replica = await startRedis({ password: 'secret', replicaOf: master })
  await master.command('SET', 'a', '1')
  await until('the replica has it', async () => (await replica.command('GET', 'a')) === '1')
  await expect(replica.command('SET', 'a', '2')).rejects.toThrow('READONLY')
})

test('starts on a port where nothing was before', async () => {
  const port = await freePort()
  await using redis = await startRedis({ port })
  expect(redis.port).toBe(port)
  await expect(startRedis({ port })).rejects.toThrow('already in use')
})

test('says why it does not start', async () => {
  await expect(startRedis({ args: ['--no-such-setting', 'x'] })).rejects.toThrow(/no-such-setting/)
})
