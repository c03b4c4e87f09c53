import {
  Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  DummyDriver,
  PostgresIntrospector,
  sql,
} from 'kysely'
import { expect, test } from 'vitest'
import { analyze } from '../../src/query/sql/index.js'
import { learn, tablesBesides } from '../../adapters/kysely/tree.js'

interface Tables {
  item: { id: number; org: number; name: string }
  org: { id: number; name: string }
}

const db = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (one) => new PostgresIntrospector(one),
  },
})

const NOT_UNDERSTOOD = analyze('SELECT ((((', 'postgres')

test('the tree tells tables, functions, fragments and locks', () => {
  const { query } = db
    .with('named', (q) => q.selectFrom('org').selectAll())
    .selectFrom('item')
    .innerJoin('named', 'named.id', 'item.org')
    .select((b) => b.fn.count('item.id').as('n'))
    .where('item.id', 'in', (b) => b.selectFrom('public.item as other' as 'item').select('id'))
    .compile()
  expect(learn(query)).toEqual({
    kind: 'SelectQueryNode',
    tables: ['item', 'org', 'public.item'],
    functions: ['count'],
    hasRaw: false,
    isOther: false,
    hasExpressions: true,
  })
  expect(learn(db.selectFrom('item').selectAll().forUpdate().compile().query).isOther).toBe(true)
  const raw = db
    .selectFrom('item')
    .select(sql<number>`random()`.as('r'))
    .compile()
  expect(learn(raw.query).hasRaw).toBe(true)
})

test('tables are named besides the text only where it leaves some out, and never for what the tree leaves open', () => {
  const plain = db.selectFrom('item').selectAll().where('id', '=', 1).compile()
  const read = (text: string) => analyze(text, 'postgres')
  expect(tablesBesides(learn(plain.query), read(plain.sql))).toBeUndefined()
  expect(tablesBesides(learn(plain.query), read('SELECT * FROM org'))).toEqual(['item'])
  expect(tablesBesides(learn(plain.query), NOT_UNDERSTOOD)).toEqual(['item'])
  for (const open of [
    db.selectFrom('item').select(sql<number>`nextval('s')`.as('n')),
    db.selectFrom('item').select((b) => b.fn<number>('now', []).as('n')),
    db.selectFrom('item').selectAll().forUpdate(),
    db.insertInto('item').values({ id: 1, org: 1, name: 'a' }),
  ]) {
    const { query } = open.compile()
    expect(tablesBesides(learn(query), NOT_UNDERSTOOD)).toBeUndefined()
  }
  expect(tablesBesides(learn(plain.query), read('SELECT now()'))).toBeUndefined()
})
