import mysql from 'mysql2/promise'
import { expect, test } from 'vitest'
import { startMariadb } from './mariadb.js'

test('answers statements, and keeps its rows over a restart', async () => {
  await using mariadb = await startMariadb()
  await mariadb.query('CREATE TABLE t (n INT)')
  await mariadb.query('INSERT INTO t VALUES (?)', [7])
  await mariadb.restart()
  expect(await mariadb.query('SELECT n FROM t')).toEqual([{ n: 7 }])
})

test('has its temporary tables to itself, though another starts', async () => {
  await using mariadb = await startMariadb()
  const connection = await mysql.createConnection(mariadb.url)
  await connection.query('CREATE TEMPORARY TABLE t ENGINE = Aria SELECT 7 AS n')
  await using _other = await startMariadb()
  // It fails when the files are gone.
  const [dropped] = await connection.query('DROP TABLE t')
  expect(dropped).toMatchObject({ warningStatus: 0 })
  connection.destroy()
})
