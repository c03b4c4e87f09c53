import { expect, test } from 'vitest'
import { startPostgres } from './postgres.js'

test('answers statements, and keeps its rows over a crash', async () => {
  await using postgres = await startPostgres({ settings: { max_connections: 30 } })
  await postgres.query('create table t (n int)')
  await postgres.query('insert into t values ($1)', [7])
  expect(await postgres.query('show max_connections')).toEqual([{ max_connections: '30' }])
  await postgres.kill()
  await postgres.restart()
  expect(await postgres.query('select n from t')).toEqual([{ n: 7 }])
  await postgres.restart({ data: 'empty' })
  await expect(postgres.query('select n from t')).rejects.toThrow('does not exist')
})

test('a standby lags by the delay it was given', async () => {
  await using postgres = await startPostgres()
  await postgres.query('create table t (n int)')
  await using standby = await startPostgres({ standbyOf: postgres, applyDelayMs: 60_000 })
  await postgres.query('insert into t values (7)')
  expect(await standby.query('select n from t')).toEqual([])
  expect(await standby.query('select pg_is_in_recovery() as is')).toEqual([{ is: true }])
})
