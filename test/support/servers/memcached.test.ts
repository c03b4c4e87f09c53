import memjs from 'memjs'
import { expect, test } from 'vitest'
import { startMemcached } from './memcached.js'

test('answers on its own port, and is empty after a restart', async () => {
  await using memcached = await startMemcached()
  expect(await memcached.command('set a 0 0 1\r\nx')).toBe('STORED\r\n')
  expect(await memcached.command('get a')).toBe('VALUE a 0 1\r\nx\r\nEND\r\n')
  expect((await memcached.stats()).cmd_get).toBe('1')
  await memcached.restart()
  expect(await memcached.command('get a')).toBe('END\r\n')
})

test('wants its name and password', async () => {
  await using memcached = await startMemcached({ sasl: { username: 'ann', password: 'secret' } })
  const as = async (username: string, password: string) => {
    const logger = { log: () => {} }
    const client = memjs.Client.create(memcached.url, { username, password, logger, retries: 0 })
    try {
      return await client.set('a', 'x', {})
    } finally {
      client.close()
    }
  }
  await expect(as('ann', 'secret')).resolves.toBe(true)
  await expect(as('ann', 'wrong')).rejects.toThrow('authentication failed')
})
