import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache } from '../../../index.js'
import { startProxy } from '../../support/proxy.js'
import { until } from '../../support/until.js'
import type { Database, Engine, Server, Session } from './engine.js'
import { dialected } from './reads.js'
import { holdLoads } from '../hold-loads.js'

const ROW = 'SELECT v FROM account WHERE id = $1'
const SUM = 'SELECT sum(v) AS s FROM account'

/** Reads and writes in transactions, and connections that end in the middle of one. */
export function testTransactions(engine: Engine): void {
  describe(`transactions in ${engine.name}`, () => {
    let server: Server
    let cache: Cache
    let db: Database
    let session: Session

    beforeAll(async () => {
      server = await engine.start()
      await server.truth(`CREATE TABLE account (id int PRIMARY KEY, v int NOT NULL)`)
    })
    afterAll(() => server?.[Symbol.asyncDispose]())
    beforeEach(async () => {
      await server.truth('DELETE FROM account')
      await server.truth('INSERT INTO account VALUES (1, 10), (2, 20)')
      cache = createCache()
      const opened = server.open({ cache })
      db = opened
      // The catalogue is known before a connection is held.
      await db.query(SUM)
      session = await db.session()
      return async () => {
        session.release()
        await opened[Symbol.asyncDispose]()
        await cache.close()
      }
    })

    const read = async (id = 1): Promise<unknown> => (await db.query(ROW, [id]))[0]?.['v']
    const within = async (id = 1): Promise<unknown> => (await session.query(ROW, [id]))[0]?.['v']
    const set = (v: number, id = 1): Promise<unknown> =>
      session.query('UPDATE account SET v = $1 WHERE id = $2', [v, id])
    const hits = (): number => cache.stats().hits

    test('a read within bypasses the cache and fills nothing', async () => {
      await session.query('BEGIN')
      await set(11)
      expect(await within()).toBe(11)
      expect(await within()).toBe(11)
      expect(cache.stats()).toMatchObject({ hits: 0 })
      expect(await read()).toBe(10)
      await session.query('ROLLBACK')
      expect(await read()).toBe(10)
      expect(hits()).toBe(1)
    })

    test('what others read stays valid until the COMMIT, and is gone when it has returned', async () => {
      expect(await read()).toBe(10)
      await session.query('BEGIN')
      await set(11)
      expect(await read()).toBe(10)
      expect(hits()).toBe(1)
      await session.query('COMMIT')
      expect(await read()).toBe(11)
      expect(hits()).toBe(1)
    })

    test('a ROLLBACK invalidates nothing', async () => {
      await read()
      await session.query('BEGIN')
      await set(11)
      await session.query('ROLLBACK')
      expect(await read()).toBe(10)
      expect(hits()).toBe(1)
    })

    test('what is rolled back to a savepoint invalidates nothing; what is released does', async () => {
      await read(1)
      await read(2)
      await session.query('BEGIN')
      await session.query('SAVEPOINT one')
      await set(11, 1)
      await session.query('ROLLBACK TO SAVEPOINT one')
      await session.query('SAVEPOINT two')
      await set(22, 2)
      await session.query('RELEASE SAVEPOINT two')
      await session.query('COMMIT')
      expect(await read(1)).toBe(10)
      expect(hits()).toBe(1)
      expect(await read(2)).toBe(22)
      expect(hits()).toBe(1)
    })

    test('going back to a savepoint twice goes back to the same one, also when an older one has its name', async () => {
      await read(1)
      await read(2)
      const texts = ['BEGIN', 'SAVEPOINT s']
      for (const text of texts) await session.query(text)
      await set(11, 1)
      await session.query('SAVEPOINT s')
      for (const v of [22, 23]) {
        await set(v, 2)
        await session.query('ROLLBACK TO SAVEPOINT s')
      }
      await session.query('COMMIT')
      expect([await read(1), await read(2)]).toEqual([11, 20])
    })

    test('what a connection answers to the pool while its BEGIN is under way is not kept', async () => {
      const single = server.open({ cache, connections: 1 })
      await single.query(SUM)
      const first = await single.session()
      const sent = [first.query('BEGIN'), first.query('UPDATE account SET v = 99 WHERE id = 1')]
      first.release()
      expect((await single.query(ROW, [1]))[0]?.['v']).toBe(99)
      await Promise.all(sent)
      expect(await read()).toBe(10)
      const second = await single.session()
      await second.query('ROLLBACK')
      second.release()
      await single[Symbol.asyncDispose]()
    })

    test('a write on a held connection before anything is known of its tables invalidates them', async () => {
      expect(await read()).toBe(10)
      const late = server.open({ cache })
      const first = await late.session()
      await first.query('UPDATE account SET v = 77 WHERE id = 1')
      expect(await read()).toBe(77)
      first.release()
      await late[Symbol.asyncDispose]()
    })

    test('after the COMMIT the connection reads from the cache again', async () => {
      await session.query('BEGIN')
      await set(11)
      await session.query('COMMIT')
      expect(await within()).toBe(11)
      expect(await within()).toBe(11)
      expect(hits()).toBe(1)
    })

    test('statements that are not waited for are followed in their order', async () => {
      await read()
      const sent = [session.query('BEGIN'), set(11), within(), session.query('COMMIT'), within()]
      const answers = await Promise.all(sent)
      expect([answers[2], answers[4]]).toEqual([11, 11])
      expect(await read()).toBe(11)
    })

    test('a transaction left open by one holder of the connection is followed under the next', async () => {
      const single = server.open({ cache, connections: 1 })
      await single.query(SUM)
      const first = await single.session()
      await first.query('BEGIN')
      await first.query('UPDATE account SET v = 99 WHERE id = 1')
      first.release()
      expect(await read()).toBe(10)
      const second = await single.session()
      await second.query('COMMIT')
      second.release()
      expect(await read()).toBe(99)
      await single[Symbol.asyncDispose]()
    })

    test('a value made from a read within a transaction is not kept', async () => {
      await session.query('BEGIN')
      await set(11)
      expect(await cache.getOrSet('made', () => within())).toBe(11)
      await session.query('ROLLBACK')
      expect(await cache.getOrSet('made', () => within())).toBe(10)
    })

    test('a refresh behind a stale answer never reads within the transaction of its caller', async () => {
      const stale = { ttl: 1, grace: '1h' } as const
      await session.query(ROW, [1], { cache: stale })
      await until('a stale answer was served', async () => {
        const { staleHits } = cache.stats()
        const asked = session.query(ROW, [1], { cache: stale })
        const begun = session.query('BEGIN')
        await Promise.all([asked, begun])
        if (cache.stats().staleHits > staleHits) return true
        await session.query('ROLLBACK')
        return false
      })
      await set(66)
      await session.query('ROLLBACK')
      await until('the refresh has ended', () => cache.stats().loading === 0)
      expect(await read()).toBe(10)
    })

    test('a connection lost at COMMIT invalidates, since nobody knows what became of it', async () => {
      await using proxy = await startProxy({ port: server.port })
      const far = server.open({ cache, port: proxy.port })
      await far.query(SUM)
      await read()
      const lost = await far.session()
      await lost.query('BEGIN')
      await lost.query('UPDATE account SET v = $1 WHERE id = $2', [44, 1])
      await proxy.holdAnswers()
      const committed = lost.query('COMMIT')
      committed.catch(() => {})
      await until(
        'it is committed',
        async () => (await server.truth(at(ROW), [1]))[0]?.['v'] === 44,
      )
      expect(await read()).toBe(10)
      proxy.cut()
      await expect(committed).rejects.toBeInstanceOf(Error)
      expect(await read()).toBe(44)
      lost.release()
      await far[Symbol.asyncDispose]()
    })

    test('a write on its own whose outcome is not known invalidates', async () => {
      await using proxy = await startProxy({ port: server.port })
      const far = server.open({ cache, port: proxy.port })
      await far.query(SUM)
      await read()
      await proxy.holdAnswers()
      const written = far.query('UPDATE account SET v = $1 WHERE id = $2', [55, 1])
      written.catch(() => {})
      await until('it is written', async () => (await server.truth(at(ROW), [1]))[0]?.['v'] === 55)
      expect(await read()).toBe(10)
      proxy.cut()
      await expect(written).rejects.toBeInstanceOf(Error)
      expect(await read()).toBe(55)
      await far[Symbol.asyncDispose]()
    })

    test('steps around a commit are told in their order, and a step before it can refuse it', async () => {
      const told: string[] = []
      let refuse = false
      const off = db.queries.use({
        beforeCommit: ({ tables }) => {
          told.push(`before ${tables.join()}`)
          if (refuse) throw new Error('not now')
        },
        afterCommit: (_commit, outcome) => void told.push(`after ${outcome}`),
        settled: () => void told.push('settled'),
      })
      cache.on('invalidate', () => told.push('invalidated'))
      const [table] = (await db.queries.explain({ sql: at(ROW), params: [1] })).reads
      await session.query('BEGIN')
      await set(11)
      expect(told).toEqual([])
      await session.query('COMMIT')
      expect(told).toEqual([`before ${table}`, 'after committed', 'invalidated', 'settled'])
      told.length = 0
      await session.query('BEGIN')
      await set(12)
      refuse = true
      await expect(session.query('COMMIT')).rejects.toThrow('not now')
      expect(await within()).toBe(12)
      refuse = false
      await session.query('ROLLBACK')
      expect(told).toEqual([`before ${table}`])
      await db.query('UPDATE account SET v = $1 WHERE id = $2', [13, 1])
      expect(told.slice(1)).toEqual([
        `before ${table}`,
        'after committed',
        'invalidated',
        'settled',
      ])
      off()
    })

    test('a load asks the steps before it, and is not kept when they say so', async () => {
      let keep = false
      db.queries.use({ beforeLoad: ({ tables }) => (tables.length > 0 ? { keep } : {}) })
      await read()
      await read()
      expect(hits()).toBe(0)
      keep = true
      await read()
      await read()
      expect(hits()).toBe(1)
    })

    test('a read that is sent behind a write, without waiting for it, sees what was written', async () => {
      expect([await within(), await within()]).toEqual([10, 10])
      const [, row] = await Promise.all([set(11), within()])
      expect(row).toBe(11)
      const [, , other] = await Promise.all([set(12), set(13), within()])
      expect(other).toBe(13)
      expect([await within(), await within(), await read()]).toEqual([13, 13, 13])
    })

    test('a refresh behind a stale answer leaves a connection alone that somebody else holds by then', async () => {
      const single = server.open({ cache, connections: 1 })
      await single.query(SUM)
      const first = await single.session()
      const stale = (ttl: number | '1h') =>
        first.query(ROW, [1], { cache: { ttl, grace: '1h', staleWhileRevalidate: '1h' } })
      await stale(1)
      await sleep(20)
      const { asked, gate, off } = holdLoads(single.queries)
      await stale('1h')
      await asked.promise
      first.release()
      const second = await single.session()
      const { fills } = cache.stats()
      gate.resolve()
      off()
      // Nothing of it comes before or behind what the new holder sends.
      for (let time = 0; time < 3; time++)
        await second.query('SELECT 1 AS one', [], { cache: false })
      expect(cache.stats()).toMatchObject({ loading: 1, fills })
      second.release()
      await until('it had a connection of its own', () => cache.stats().fills === fills + 1)
      await single[Symbol.asyncDispose]()
    })

    test('a refresh behind a stale answer is not executed in a transaction that has begun meanwhile', async () => {
      const stale = (ttl: number | '1h') =>
        session.query(ROW, [1], { cache: { ttl, grace: '1h', staleWhileRevalidate: '1h' } })
      await stale(1)
      await sleep(20)
      const { asked, gate, off } = holdLoads(db.queries)
      expect((await stale('1h'))[0]?.['v']).toBe(10)
      await asked.promise
      await session.query('BEGIN')
      await set(11)
      gate.resolve()
      await set(12)
      await session.query('ROLLBACK')
      off()
      expect(await read()).toBe(10)
    })

    const at = (sql: string): string => dialected(engine, sql)
  })
}
