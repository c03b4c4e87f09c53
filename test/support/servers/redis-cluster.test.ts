import { Cluster } from 'ioredis'
import { expect, test } from 'vitest'
import { startRedisCluster } from './redis-cluster.js'

test('a cluster takes keys of every master, and moves a slot', async () => {
  await using cluster = await startRedisCluster()
  const client = new Cluster([...cluster.startupNodes])
  try {
    for (let n = 0; n < 50; n++) await client.set(`key:${n}`, n)
    const sizes = await Promise.all(cluster.masters.map((master) => master.command('DBSIZE')))
    expect(sizes.map(Number).every((size) => size > 5)).toBe(true)

    const [first, second] = cluster.masters as [
      (typeof cluster.masters)[0],
      (typeof cluster.masters)[0],
    ]
    const slot = Number(await first.command('CLUSTER', 'KEYSLOT', 'key:1'))
    const owner = cluster.masters[Math.floor((slot * 3) / 16_384)] ?? first
    await cluster.moveSlot(slot, owner, owner === second ? first : second)
    expect(await client.get('key:1')).toBe('1')
    await expect(owner.command('GET', 'key:1')).rejects.toThrow('MOVED')
  } finally {
    client.disconnect()
  }
})

test('a replica takes over from a master that was killed', async () => {
  await using cluster = await startRedisCluster({ masters: 3, replicas: 1 })
  const [master] = cluster.masters
  const [replica] = cluster.replicas
  expect(String(await replica?.command('ROLE'))).toMatch(/^slave/)
  await master?.kill()
  await cluster.settled()
  expect(String(await replica?.command('ROLE'))).toMatch(/^master/)
})
