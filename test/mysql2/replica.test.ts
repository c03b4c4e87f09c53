import mysql from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache } from '../../index.js'
import { cachedPool, type CachedPoolOptions } from '../../adapters/mysql2/index.js'
import { FakeClock } from '../../src/testing/index.js'
import { startMariadb, type MariadbServer } from '../support/servers/index.js'
import { until } from '../support/until.js'

let primary: MariadbServer
let standby: MariadbServer
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  ;[primary, standby] = await Promise.all([
    startMariadb({ args: ['--log-bin=binary', '--server-id=1'] }),
    startMariadb({ args: ['--server-id=2'] }),
  ])
  await standby.query(
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, MASTER_USER = 'root', MASTER_USE_GTID = slave_pos`,
  )
  await standby.query('START SLAVE')
  await primary.query('CREATE TABLE item (id int PRIMARY KEY, name varchar(20))')
})
afterAll(async () => {
  for (const server of [standby, primary]) await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
  await primary.query('DELETE FROM item')
  await primary.query(`INSERT INTO item VALUES (1, 'old')`)
  await standby.query('START SLAVE')
  await caughtUp('old')
})

const caughtUp = (name: string) =>
  until('the replica has caught up', async () => {
    const rows = (await standby.query('SELECT name FROM item')) as { name: string }[]
    return rows[0]?.name === name
  })

function application(options: Partial<CachedPoolOptions> = {}) {
  const clock = new FakeClock()
  const cache = createCache({ clock })
  const pool = mysql.createPool({ uri: primary.url })
  const replica = mysql.createPool({ uri: standby.url })
  let asked = 0
  replica.on('acquire', () => asked++)
  const db = cachedPool(pool, {
    cache,
    scope: 'shop',
    replica: { pool: replica, holdOff: 1_000 },
    ...options,
  })
  open.push(() => Promise.all([pool.end(), replica.end(), cache.close()]))
  const name = async () => {
    const [rows] = (await db.query('SELECT name FROM item WHERE id = ?', [1])) as unknown as [
      { name: string }[],
    ]
    return rows[0]?.name
  }
  return { db, clock, name, asked: () => asked }
}

test('a replica that lags does not fill what was just invalidated, for as long as the hold-off', async () => {
  const { db, clock, name, asked } = application()
  expect(await name()).toBe('old')
  expect(asked()).toBe(1)
  await standby.query('STOP SLAVE')
  await db.query(`UPDATE item SET name = 'new' WHERE id = 1`)
  expect(await name()).toBe('new')
  expect(asked()).toBe(1)
  await standby.query('START SLAVE')
  await caughtUp('new')
  await clock.advance(999)
  await db.queries.cache.clear()
  expect(await name()).toBe('new')
  expect(asked()).toBe(1)
  await clock.advance(1)
  await db.queries.cache.clear()
  expect(await name()).toBe('new')
  expect(asked()).toBe(2)
})

test('a replica that is gone is not missed, and only loads go to it', async () => {
  const failures: unknown[] = []
  const gone = mysql.createPool({ uri: 'mysql://root@127.0.0.1:1/test' })
  const { db, name } = application({
    replica: { pool: gone, onError: (error) => failures.push(error) },
  })
  expect(await name()).toBe('old')
  expect(failures).toHaveLength(1)
  await db.query('SELECT NOW()')
  await db.query('SELECT name FROM item WHERE id = 1 FOR UPDATE')
  expect(failures).toHaveLength(1)
  await gone.end()
})

test('anything but a pool is refused', () => {
  expect(() => application({ replica: {} as never })).toThrow('replica')
  expect(() => application({ replica: { pool: 7 as never } })).toThrow('replica')
})
