import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type PostgresServer } from '../support/servers/index.js'

const root = join(import.meta.dirname, '../..')
let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.query('CREATE TABLE orders (id int PRIMARY KEY, org_id int)')
  await server.query('CREATE SCHEMA shop')
  await server.query('CREATE TABLE shop.prices (id int PRIMARY KEY)')
})
afterAll(() => server?.[Symbol.asyncDispose]())

async function keepfresh(...args: string[]) {
  const hook = join(root, 'scripts/typescript.ts')
  const bin = join(root, 'adapters/postgres/bin.ts')
  return promisify(execFile)(process.execPath, ['--import', hook, bin, ...args], {
    env: { ...process.env, DATABASE_URL: server.url },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

const triggers = async () =>
  (
    await server.query('SELECT tgrelid::regclass::text AS t FROM pg_trigger WHERE NOT tgisinternal')
  ).map(({ t }) => String(t))

test('prints the migration and changes nothing, until it is told to apply it', async () => {
  const printed = await keepfresh('postgres', 'triggers', '--partitions', 'orders.org_id')
  expect(printed).toMatchObject({ code: 0, stderr: '' })
  expect(printed.stdout).toMatchSnapshot()
  expect(await triggers()).toEqual([])
  const applied = await keepfresh('postgres', 'triggers', '--apply', '--schema', 'public,shop')
  expect(applied.stderr).toBe('')
  expect(new Set(await triggers())).toEqual(new Set(['orders', 'shop.prices']))
  await keepfresh('postgres', 'triggers', '--drop', '--tables', 'orders', '--apply')
  expect(new Set(await triggers())).toEqual(new Set(['shop.prices']))
  await keepfresh('postgres', 'triggers', '--drop', '--apply')
  expect(await triggers()).toEqual([])
})

test.each([
  [['postgres', 'triggers', '--tables', 'nothing'], 'nothing'],
  [['postgres', 'triggers', '--max-rows', 'x'], 'maxRows'],
  [['postgres', 'triggers', '--partitions', 'orders'], 'table.column'],
  [['postgres', 'triggers', '--url', 'postgres://127.0.0.1:1/x'], 'ECONNREFUSED'],
  [['postgres', 'triggers', '--nothing'], 'nothing'],
  [['postgres', 'nothing'], 'nothing'],
  [['nothing'], 'nothing'],
])('%j fails and says why', async (args, why) => {
  const { code, stdout, stderr } = await keepfresh(...args)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(why)
})

test('says what it can do', async () => {
  expect((await keepfresh('--help')).stdout).toContain('--max-rows')
})
