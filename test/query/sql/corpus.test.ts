import { describe, expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import type { Dialect } from '../../../src/query/sql/types.js'
import type { Case } from './corpus/case.js'
import { MYSQL } from './corpus/mysql.js'
import { POSTGRES } from './corpus/postgres.js'
import { SQLITE } from './corpus/sqlite.js'
import { judge } from './score.js'

const ALL: readonly (readonly [Dialect, readonly Case[]])[] = [
  ['postgres', POSTGRES],
  ['mysql', MYSQL],
  ['sqlite', SQLITE],
]

describe.each(ALL)('%s', (dialect, cases) => {
  test.each(cases.map((c) => [c.sql, c] as const))('%s', (_sql, c) => {
    const analysis = analyze(c.sql, dialect)
    const { kind = 'read', cacheable = false, may = [], ...rest } = c
    const verdict = judge(analysis, { ...rest, kind, cacheable, mayReads: may, mayWrites: may })
    expect({
      verdict,
      kind: analysis.kind,
      cacheable: analysis.cacheable,
      effects: analysis.effects,
      why: c.why && analysis.why,
      refusals: analysis.refusals,
      reads: analysis.reads,
      writes: analysis.writes,
    }).toMatchObject({
      verdict: 'exact',
      kind,
      cacheable,
      effects: c.effects ?? 'known',
      ...(c.why && { why: c.why }),
    })
  })
})
