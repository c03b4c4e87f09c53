import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutsideEvent } from '../../adapters/postgres/events.js'
import { listenForChanges } from '../../adapters/postgres/listen.js'
import type { ListenOptions } from '../../adapters/postgres/listen-options.js'
import { selectTables } from '../../adapters/postgres/tables.js'
import { triggersSql } from '../../adapters/postgres/triggers.js'
import type { TableChange } from '../../src/query/index.js'
import type { ChangeSink } from '../../adapters/postgres/sink.js'
import { CATALOGUE_SQL, readCatalogue, type CatalogueRow } from '../../src/query/sql/index.js'
import { startProxy } from '../support/proxy.js'
import { startPostgres, type PostgresServer } from '../support/servers/index.js'
import { until } from '../support/until.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.query('CREATE TABLE orders (id int PRIMARY KEY, total int)')
  await server.query('CREATE TABLE quiet (id int PRIMARY KEY)')
  await server.query('CREATE TABLE late (id int PRIMARY KEY)')
  const rows = (await server.query(CATALOGUE_SQL.postgres)) as unknown as CatalogueRow[]
  const tables = selectTables(readCatalogue('postgres', rows), { tables: ['orders', 'late'] })
  await server.query(triggersSql(tables))
})
afterAll(() => server?.[Symbol.asyncDispose]())

/** Writes as somebody else: `psql`, in a process of its own. */
async function psql(sql: string): Promise<void> {
  await promisify(execFile)('psql', [server.url, '-v', 'ON_ERROR_STOP=1', '-qc', sql])
}

/** A listener with everything it said and did, in order. */
function listen(options: Partial<ListenOptions> = {}, sink: Partial<ChangeSink> = {}) {
  const story: string[] = []
  const events: OutsideEvent[] = []
  const listening = listenForChanges(
    {
      changed: async (changes) => {
        await sink.changed?.(changes)
        for (const change of changes) {
          const { table, inserted, rows } = change as TableChange
          story.push(`${inserted ? 'new' : 'changed'} ${table} ${rows?.join() ?? 'any'}`)
        }
      },
      changedAll: async (reason) => {
        await sink.changedAll?.(reason)
        story.push(`everything: ${reason}`)
      },
    },
    {
      connection: server.url,
      retryAtMost: 200,
      ...options,
      onEvent: (event) => {
        events.push(event)
        if (event.type === 'up' || event.type === 'down') story.push(event.type)
        options.onEvent?.(event)
      },
    },
  )
  return Object.assign(listening, { story, events })
}

test('what psql writes is heard, after everything from before was invalidated', async () => {
  await using listening = listen()
  await listening.ready
  await psql('INSERT INTO orders VALUES (1, 1), (2, 1)')
  await psql(
    'BEGIN; UPDATE orders SET total = 2 WHERE id = 1; DELETE FROM orders WHERE id = 2; COMMIT',
  )
  await until('it is heard', () => listening.story.length === 5)
  expect(listening.story).toEqual([
    'everything: connected',
    'up',
    'new public.orders 1,2',
    'changed public.orders 1',
    'changed public.orders 2',
  ])
})

test('tables without triggers are named', async () => {
  await using listening = listen()
  await listening.ready
  expect(listening.events).toContainEqual({ type: 'unwatched', tables: ['public.quiet'] })
})

test('a listener of several on a shared store may begin with trust', async () => {
  await using listening = listen({ onStart: 'trust' })
  await listening.ready
  expect(listening.story).toEqual(['up'])
})

test('anything else on the channel invalidates everything, and is told', async () => {
  await using listening = listen()
  await listening.ready
  await psql(`NOTIFY keepfresh, '{"v":9}'; NOTIFY other, 'x'`)
  await until('it is heard', () => listening.story.length === 3)
  expect(listening.story.at(-1)).toBe('everything: a notification that could not be read')
  expect(listening.events).toContainEqual({ type: 'unreadable', payload: '{"v":9}' })
})

test('a connection that is cut is opened again, and everything is invalidated before it counts', async () => {
  await using listening = listen({ connection: `${server.url}?application_name=cut` })
  await listening.ready
  await server.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'`,
  )
  await until('it is up again', () => listening.story.filter((s) => s === 'up').length === 2)
  expect(listening.story).toEqual([
    'everything: connected',
    'up',
    'down',
    'everything: connected',
    'up',
  ])
  await psql('INSERT INTO orders VALUES (20, 1)')
  await until('it is heard', () => listening.story.at(-1) === 'new public.orders 20')
})

test('a connection that is open and silent is given up', async () => {
  await using proxy = await startProxy(server)
  await using listening = listen({
    connection: server.url.replace(String(server.port), String(proxy.port)),
    heartbeat: 200,
    connectTimeout: 200,
  })
  await listening.ready
  await proxy.blackhole()
  await until('it is down', () => listening.story.at(-1) === 'down')
  await psql('INSERT INTO orders VALUES (30, 1)')
  await proxy.pass()
  await until('it is up again', () => listening.story.at(-1) === 'up')
  // However often it was given up meanwhile.
  expect(listening.story.slice(-3)).toEqual(['down', 'everything: connected', 'up'])
})

test('what could not be invalidated is tried again, as everything', async () => {
  let failures = 1
  await using listening = listen(
    {},
    {
      changed: async () => {
        if (failures-- > 0) throw new Error('the store is down')
      },
    },
  )
  await listening.ready
  await psql('INSERT INTO orders VALUES (40, 1)')
  await until('it is done', () => listening.story.length === 3)
  expect(listening.story.at(-1)).toBe('everything: an invalidation failed')
  expect(listening.events.some((event) => event.type === 'error')).toBe(true)
})

test('a server that is down at first is waited for', async () => {
  await using late = await startPostgres()
  await late.stop()
  await using listening = listen({ connection: late.url })
  await until('it was tried', () => listening.story.includes('down'))
  await late.restart()
  await listening.ready
  expect(listening.story.slice(-2)).toEqual(['everything: connected', 'up'])
})

test('closing leaves no connection and no timer', async () => {
  const listening = listen({ connection: `${server.url}?application_name=listener` })
  await listening.ready
  await listening.close()
  const ours = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'listener'`
  await until('the server knows', async () => (await server.query(ours)).length === 0)
  expect(listening.story.includes('down')).toBe(false)
  await listening.close()
})

test('a wrong option is refused at once', () => {
  const none = { changed: async () => {}, changedAll: async () => {} }
  const refused: [object, string][] = [
    [{}, 'connection'],
    [{ connection: 'x', channel: '' }, 'channel'],
    [{ connection: 'x', heartbeat: 0 }, 'heartbeat'],
    [{ connection: 'x', onStart: 'hope' }, 'onStart'],
  ]
  for (const [options, name] of refused)
    expect(() => listenForChanges(none, options as ListenOptions)).toThrow(name)
})
