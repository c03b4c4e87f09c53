import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { POSTGRES_USAGE, postgresCommand } from '../../adapters/postgres/command.js'
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
  const run = (...args: string[]) => postgresCommand(args, { DATABASE_URL: server.url })
  await run('triggers', '--apply', '--schema', 'public,shop')
  expect(new Set(await triggers())).toEqual(new Set(['orders', 'shop.prices']))
  await run('triggers', '--drop', '--tables', 'orders', '--apply')
  expect(new Set(await triggers())).toEqual(new Set(['shop.prices']))
  await run('triggers', '--drop', '--apply')
  expect(await triggers()).toEqual([])
})

test.each([
  [['triggers', '--tables', 'nothing'], 'nothing'],
  [['triggers', '--max-rows', 'x'], 'maxRows'],
  [['triggers', '--partitions', 'orders'], 'table.column'],
  [['triggers', '--url', 'postgres://127.0.0.1:1/x'], 'ECONNREFUSED'],
  [['triggers', '--nothing'], 'nothing'],
  [['publication', '--publication', ''], 'publication'],
  [['nothing'], 'nothing'],
])('%j fails and says why', async (args, why) => {
  await expect(postgresCommand(args, { DATABASE_URL: server.url })).rejects.toThrow(why)
})

test('a failure is a line on stderr and a status', async () => {
  const { code, stdout, stderr } = await keepfresh('nothing')
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: 'keepfresh knows "postgres", not "nothing"\n',
  })
})

test('says what it can do, wherever it is asked', async () => {
  const said = { code: 0, stdout: POSTGRES_USAGE, stderr: '' }
  expect(await keepfresh('--help')).toEqual(said)
  expect(await keepfresh('postgres', 'triggers', '--help')).toEqual(said)
  for (const args of [[], ['-h'], ['triggers', '-h'], ['publication', '--help']]) {
    expect(await postgresCommand(args, {}), args.join(' ')).toBe(POSTGRES_USAGE)
  }
})
