import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startSentinel } from './sentinel.js'

test('the Sentinels lead to the master, and to another one when it was killed', async () => {
  await using setup = await startSentinel({ replicas: 1, sentinels: 3, password: 'secret' })
  const client = new Redis({
    sentinels: [...setup.startupNodes],
    name: setup.name,
    password: 'secret',
  })
  client.on('error', () => {}) // reconnecting is its own affair
  try {
    expect(await client.set('a', '1')).toBe('OK')
    expect(await setup.currentPort()).toBe(setup.master.port)
    await setup.master.kill()
    const port = await setup.failedOverFrom(setup.master.port)
    expect(port).toBe(setup.replicas[0]?.port)
  } finally {
    client.disconnect()
  }
})
