import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutsideEvent } from '../../adapters/postgres/events.js'
import { postgresCommand } from '../../adapters/postgres/command.js'
import { replicateChanges } from '../../adapters/postgres/replicate.js'
import type { ReplicateOptions } from '../../adapters/postgres/replicate-options.js'
import type { QueryHooks, TableChange } from '../../src/query/index.js'
import { startProxy } from '../support/proxy.js'
import { startPostgres, type PostgresServer } from '../support/servers/index.js'
import { until } from '../support/until.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.query('CREATE TABLE orders (id int PRIMARY KEY, org_id int, note text)')
  await server.query('CREATE TABLE log (line text)')
  await server.query('CREATE UNLOGGED TABLE quick (id int PRIMARY KEY)')
  await server.query(
    'CREATE TABLE events (id int, day int, PRIMARY KEY (id, day)) PARTITION BY LIST (day)',
  )
  await server.query('CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1)')
  await keepfresh('publication', '--apply')
})
afterAll(() => server?.[Symbol.asyncDispose]())

const keepfresh = (...args: string[]) => postgresCommand(args, { DATABASE_URL: server.url })

/** Writes as somebody else: `psql`, in a process of its own. */
async function psql(sql: string): Promise<void> {
  await promisify(execFile)('psql', [server.url, '-v', 'ON_ERROR_STOP=1', '-qc', sql])
}

interface Fault {
  /** What is not delivered until it resolves. */
  readonly delivered?: Promise<void>
  /** Called with each change before it counts. */
  readonly changed?: (change: TableChange) => Promise<void> | void
}

/** A listener with everything it said and did, in order. */
function replicate(options: Partial<ReplicateOptions> = {}, fault: Fault = {}) {
  const story: string[] = []
  const events: OutsideEvent[] = []
  const hooks = new Set<QueryHooks>()
  const receipt = { pending: fault.delivered !== undefined, delivered: fault.delivered }
  const listening = replicateChanges(
    {
      async changed(changes) {
        for (const change of changes as readonly TableChange[]) {
          await fault.changed?.(change)
          const { table, inserted, rows, partitions } = change
          const parts = Object.entries(partitions ?? {}).map(
            ([name, of]) => ` ${name}=${of.join()}`,
          )
          const what = inserted ? 'new' : 'changed'
          story.push(
            `${what} ${table.replace('public.', '')} ${rows?.join(';') ?? 'any'}${parts.join('')}`,
          )
        }
        return receipt as never
      },
      async changedAll(reason) {
        story.push(`everything: ${reason}`)
        return receipt as never
      },
      async redefined(reason) {
        story.push(`redefined: ${reason}`)
        return receipt as never
      },
      use(hook) {
        hooks.add(hook)
        story.push('marked')
        return () => {
          story.push('lifted')
          hooks.delete(hook)
        }
      },
    },
    {
      connection: server.url,
      retryAtMost: 200,
      ...options,
      onEvent: (event) => {
        events.push(event)
        if (event.type === 'up' || event.type === 'down') story.push(event.type)
      },
    },
  )
  const has = (step: string) => until(`it says ${step}`, () => story.includes(step))
  /** What was said, once each: without the marks that some changes need, and their being told twice. */
  const said = () => [...new Set(story)].filter((step) => step !== 'marked' && step !== 'lifted')
  return Object.assign(listening, { story, said, events, hooks, has })
}

test('what psql writes is heard, after everything from before was invalidated', async () => {
  await using listening = replicate()
  await listening.ready
  await psql(`INSERT INTO orders VALUES (1, 7, 'a'), (2, 8, 'b')`)
  await psql(
    `BEGIN; UPDATE orders SET note = 'c' WHERE id = 1; DELETE FROM orders WHERE id = 2; COMMIT`,
  )
  await psql('UPDATE orders SET id = 5 WHERE id = 1')
  await psql('BEGIN; DELETE FROM orders WHERE id = 5; ROLLBACK')
  await psql('TRUNCATE orders, log')
  await listening.has('changed log any')
  expect(listening.said()).toEqual([
    'everything: connected',
    'up',
    'new orders 1;2',
    'changed orders 1;2',
    'changed orders 1;5',
    'changed orders any',
    'changed log any',
  ])
})

test('a table without a key can still be written, and is told as a whole; COPY and partitions are told', async () => {
  await using listening = replicate()
  await listening.ready
  await psql(`INSERT INTO log VALUES ('x')`)
  await psql(`UPDATE log SET line = 'y'`)
  await psql(`COPY orders FROM PROGRAM 'echo 50,5,x' (FORMAT csv)`)
  await psql('INSERT INTO events_1 VALUES (1, 1)')
  await psql('UPDATE events SET id = 2')
  await psql(`INSERT INTO orders SELECT g, 1, '' FROM generate_series(1000, 1200) g`)
  await listening.has('new orders any')
  expect(listening.said().slice(2)).toEqual([
    'new log any',
    'changed log any',
    'new orders 50',
    'new events 1,1',
    'changed events 1,1;2,1',
    'new orders any',
  ])
})

test('what no publication or log has is named', async () => {
  await server.query('CREATE TABLE forgotten (id int PRIMARY KEY)')
  await using listening = replicate()
  await listening.ready
  expect(listening.events).toContainEqual({
    type: 'unwatched',
    tables: ['public.forgotten', 'public.quick'],
  })
  await server.query('DROP TABLE forgotten')
})

test('partition columns are told as far as the replica identity has them', async () => {
  await server.query('CREATE TABLE parted (id int PRIMARY KEY, org_id int)')
  await keepfresh('publication', '--apply')
  await using listening = replicate({ partitions: { parted: ['org_id'] } })
  await listening.ready
  await psql('INSERT INTO parted VALUES (1, 7)')
  await psql('UPDATE parted SET org_id = 8')
  await listening.has('changed parted 1')
  await keepfresh('publication', '--partitions', 'parted.org_id', '--apply')
  await psql('UPDATE parted SET org_id = 9')
  await listening.has('changed parted 1 org_id=8,9')
  expect(
    listening
      .said()
      .slice(2)
      .filter((step) => !step.startsWith('redefined')),
  ).toEqual(['new parted 1 org_id=7', 'changed parted 1', 'changed parted 1 org_id=8,9'])
  await server.query('DROP TABLE parted')
})

test('a table that is defined anew is told, and ANALYZE is not', async () => {
  await using listening = replicate()
  await listening.ready
  await psql(`INSERT INTO orders VALUES (60, 1, '')`)
  await psql('ANALYZE orders')
  await psql(`INSERT INTO orders VALUES (61, 1, '')`)
  await psql('ALTER TABLE orders ADD COLUMN more int')
  await psql(`INSERT INTO orders VALUES (62, 1, '')`)
  await listening.has('new orders 62')
  expect(listening.said().slice(2)).toEqual([
    'new orders 60',
    'new orders 61',
    'redefined: public.orders was changed',
    'new orders 62',
  ])
})

test('a commit that waits for a standby is a mark until it is visible', async () => {
  await using listening = replicate()
  await listening.ready
  // The log has the commit, and nobody sees it: it waits for a standby that does not exist.
  await server.query(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`)
  await server.query('SELECT pg_reload_conf()')
  const writer = new Client(server.url)
  await writer.connect()
  try {
    const written = writer.query(`INSERT INTO orders (id) VALUES (70)`)
    await listening.has('new orders 70')
    expect(listening.story.slice(2)).toEqual(['marked', 'new orders 70'])
    expect(await server.query('SELECT id FROM orders WHERE id = 70')).toEqual([])
    const ahead = { database: 'shop', tags: [] }
    const [hook] = listening.hooks
    expect(hook?.beforeLoad?.({ ...ahead, tables: ['public.orders'] })).toEqual({ keep: false })
    expect(hook?.beforeLoad?.({ ...ahead, tables: ['public.log'] })).toBeUndefined()
    await server.query('ALTER SYSTEM RESET synchronous_standby_names')
    await server.query('SELECT pg_reload_conf()')
    await written
    await listening.has('lifted')
    expect(await server.query('SELECT id FROM orders WHERE id = 70')).toEqual([{ id: 70 }])
    expect(listening.story.slice(2)).toEqual(['marked', 'new orders 70', 'new orders 70', 'lifted'])
  } finally {
    await server.query('ALTER SYSTEM RESET synchronous_standby_names')
    await server.query('SELECT pg_reload_conf()')
    await writer.end()
  }
})

test('a connection that is cut is opened again, and everything is invalidated before it counts', async () => {
  await using listening = replicate()
  await listening.ready
  await server.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots')
  await until('it is up again', () => listening.story.filter((s) => s === 'up').length === 2)
  expect(listening.story).toEqual([
    'everything: connected',
    'up',
    'down',
    'everything: connected',
    'up',
  ])
  await psql(`INSERT INTO orders VALUES (80, 1, '')`)
  await listening.has('new orders 80')
})

test('a connection that is open and silent is given up', async () => {
  await using proxy = await startProxy(server)
  await using listening = replicate({
    connection: server.url.replace(String(server.port), String(proxy.port)),
    heartbeat: 200,
    connectTimeout: 200,
  })
  await listening.ready
  await proxy.blackhole()
  await listening.has('down')
  await proxy.pass()
  await until('it is up again', () => listening.story.at(-1) === 'up')
  expect(listening.story.at(-2)).toBe('everything: connected')
})

test('an idle stream stays up, and lets go of the log', async () => {
  await using listening = replicate({ slot: 'idle', heartbeat: 100 })
  await listening.ready
  const behind = async () => {
    const [row] = await server.query(
      `SELECT pg_current_wal_lsn() <= confirmed_flush_lsn AS done FROM pg_replication_slots WHERE slot_name = 'idle'`,
    )
    return row?.done === true
  }
  await server.query(`SELECT pg_logical_emit_message(false, 'x', 'y')`)
  await until('the position is acknowledged', behind)
  expect(listening.story).toEqual(['everything: connected', 'up'])
  await listening.close()
  await server.query(`SELECT pg_drop_replication_slot('idle')`)
})

test('a permanent slot goes on where it was left: nothing is missed, and nothing else invalidated', async () => {
  const slot = 'permanent'
  {
    // Dies between two transactions whose commit records follow each other: the first is done, the second is not.
    const stuck = Promise.withResolvers<void>()
    await using listening = replicate(
      { slot },
      { changed: ({ rows }) => (String(rows?.[0]) === '91' ? stuck.promise : undefined) },
    )
    await listening.ready
    expect(listening.story[0]).toBe('everything: connected')
    const writers = [new Client(server.url), new Client(server.url)]
    for (const [at, writer] of writers.entries()) {
      await writer.connect()
      await writer.query(`BEGIN; INSERT INTO orders (id) VALUES (${90 + at})`)
    }
    for (const writer of writers) {
      await writer.query('COMMIT')
      await writer.end()
    }
    await listening.has('new orders 90')
    const closing = listening.close()
    stuck.resolve()
    await closing
  }
  await psql('INSERT INTO orders (id) VALUES (92)')
  await using listening = replicate({ slot })
  await listening.has('new orders 92')
  expect(listening.said()).toEqual(['up', 'new orders 91', 'new orders 92'])
  // One process at a time: the other one waits.
  await using other = replicate({ slot })
  await other.has('down')
  expect(String(other.events.find((event) => event.type === 'down')?.error)).toContain('in use')
  await listening.close()
  await other.ready
  await other.close()
  await server.query(`SELECT pg_drop_replication_slot('${slot}')`)
  await using fresh = replicate({ slot })
  await fresh.ready
  expect(fresh.story[0]).toBe('everything: connected')
  await fresh.close()
  const dropped = await keepfresh('publication', '--drop', '--slot', slot, '--apply')
  expect(dropped).toContain('DROP PUBLICATION')
  expect(await server.query('SELECT 1 FROM pg_publication')).toEqual([])
  await keepfresh('publication', '--apply')
})

test('what a store could not be told yet is not acknowledged', async () => {
  const slot = 'pending'
  const delivered = Promise.withResolvers<void>()
  const acknowledged = async () => {
    const [row] = await server.query(
      `SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = '${slot}'`,
    )
    return row?.lsn
  }
  await using listening = replicate({ slot, heartbeat: 50 }, { delivered: delivered.promise })
  await listening.ready
  const before = await acknowledged()
  await psql('INSERT INTO orders (id) VALUES (200)')
  await listening.has('new orders 200')
  // Long enough for some heartbeats, each of which tells the server how far we are.
  const until = performance.now() + 400
  while (performance.now() < until) expect(await acknowledged()).toBe(before)
  delivered.resolve()
  await expect.poll(acknowledged).not.toBe(before)
  await listening.close()
  await server.query(`SELECT pg_drop_replication_slot('${slot}')`)
})

test('without the publication it says what to do', async () => {
  await using listening = replicate({ publication: 'nothing' })
  await listening.has('down')
  const down = listening.events.find((event) => event.type === 'down')
  expect(String(down?.error)).toContain('npx keepfresh postgres publication')
})

test('closing leaves no connection and no slot, also while a slot cannot be made yet', async () => {
  const writer = new Client(server.url)
  await writer.connect()
  await writer.query('BEGIN; INSERT INTO orders (id) VALUES (100)')
  const listening = replicate({ connection: `${server.url}?application_name=closing` })
  await until('it waits for the transaction', async () => {
    const rows = await server.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'closing' AND query LIKE 'CREATE_REPL%'`,
    )
    return rows.length === 1
  })
  await listening.close()
  await writer.query('ROLLBACK')
  await writer.end()
  await until('the server knows', async () => {
    const rows = await server.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'closing' UNION ALL SELECT 1 FROM pg_replication_slots`,
    )
    return rows.length === 0
  })
})

test('the migration keeps tables writable, and leaves unlogged ones out', async () => {
  const sql = await keepfresh(
    'publication',
    '--publication',
    'other',
    '--partitions',
    'orders.org_id',
  )
  expect(sql).toMatchSnapshot()
  expect(sql).not.toContain('quick')
})

test('a wrong option is refused at once', () => {
  const none = {} as never
  const refused: [object, string][] = [
    [{}, 'connection'],
    [{ connection: 'x', publication: '' }, 'publication'],
    [{ connection: 'x', slot: 'Slot' }, 'slot'],
    [{ connection: 'x', retryAtMost: 0 }, 'retryAtMost'],
  ]
  for (const [options, name] of refused)
    expect(() => replicateChanges(none, options as ReplicateOptions)).toThrow(name)
})
