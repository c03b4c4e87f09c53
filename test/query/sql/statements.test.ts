import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import type { Dialect } from '../../../src/query/sql/types.js'
import { judge, type Expected, type Verdict } from './score.js'
import { describeWhere } from '../../support/where.js'

interface Statement extends Expected {
  readonly id: string
  readonly dialect: Dialect
  readonly sql: string
}

const root = join(import.meta.dirname, '../../..')
const file = ['..', '../..']
  .map((up) => join(root, up, 'shared/sql/statements.json'))
  .find((path) => existsSync(path))

describeWhere(
  file !== undefined,
  'statements.json is not beside the project',
  'statements.json',
  () => {
    const { statements } = JSON.parse(readFileSync(file!, 'utf8')) as { statements: Statement[] }

    test('none is unsafe, and none is refused or over-reported', () => {
      const verdicts = new Map<Verdict, string[]>()
      for (const statement of statements) {
        const verdict = judge(analyze(statement.sql, statement.dialect), statement)
        verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), statement.id])
      }
      expect(verdicts.get('unsafe') ?? []).toEqual([])
      expect([...verdicts.keys()]).toEqual(['exact'])
    })

    test.each(statements.map((s) => [s.id, s] as const))(
      '%s is of the right kind',
      (_id, statement) => {
        expect(analyze(statement.sql, statement.dialect).kind).toBe(statement.kind)
      },
    )
  },
)
