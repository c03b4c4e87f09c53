import { expect, test } from 'vitest'
import { CacheError } from '../../../src/base/errors.js'
import { analyze } from '../../../src/query/sql/analyze.js'
import { loadPostgresAnalyzer } from '../../../src/query/sql/libpg.js'
import type { Analysis } from '../../../src/query/sql/types.js'
import { POSTGRES } from './corpus/postgres.js'

const told = ({
  kind,
  cacheable,
  effects,
  reads,
  writes,
  columns,
  change,
  temporary,
}: Analysis) => ({
  kind,
  cacheable,
  effects,
  reads: reads.toSorted(),
  writes: writes.toSorted(),
  columns,
  change,
  temporary,
})

test('PostgreSQL’s parser says of every statement what our reader says', async () => {
  const parsed = await loadPostgresAnalyzer()
  for (const { sql } of POSTGRES) {
    expect({ sql, ...told(parsed(sql)) }).toEqual({ sql, ...told(analyze(sql, 'postgres')) })
  }
})

test('it understands what our reader does not', async () => {
  const parsed = await loadPostgresAnalyzer()
  const sql = 'SELECT * FROM t WHERE xmlexists($$//a$$ PASSING BY REF a) AND "x" IS NFC NORMALIZED'
  expect(parsed(sql)).toMatchObject({ reads: ['t'], effects: 'known' })
})

test('a text it cannot parse stays what our reader says', async () => {
  const parsed = await loadPostgresAnalyzer()
  expect(parsed('SELECT * FROM a b c')).toMatchObject({ effects: 'unknown', cacheable: false })
  expect(parsed('VACUUM')).toMatchObject({ kind: 'session' })
})

test('it says which package is missing', async () => {
  const missing = loadPostgresAnalyzer(() =>
    Promise.reject(new CacheError('CACHE_PEER_MISSING', 'x')),
  )
  await expect(missing).rejects.toMatchObject({ code: 'CACHE_PEER_MISSING' })
})
