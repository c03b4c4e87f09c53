import { expect, test } from 'vitest'
import { startMariadb } from './mariadb.js'

test('answers statements, and keeps its rows over a restart', async () => {
  await using mariadb = await startMariadb()
  await mariadb.query('CREATE TABLE t (n INT)')
  await mariadb.query('INSERT INTO t VALUES (?)', [7])
  await mariadb.restart()
  expect(await mariadb.query('SELECT n FROM t')).toEqual([{ n: 7 }])
})
