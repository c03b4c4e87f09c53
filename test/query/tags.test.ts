import { expect, test } from 'vitest'
import { changeTags, type TableLayout } from '../../src/query/change.js'
import { partitionTag, rowTag, tableTag } from '../../src/query/tags.js'
import type { Column } from '../../src/query/sql/index.js'

const integer = (name: string): Column => ({
  name,
  comparison: { as: 'integer', least: -(2n ** 31n), most: 2n ** 31n - 1n },
  generated: false,
  timeOfDay: false,
  counted: false,
})

const ORDERS: TableLayout = {
  table: 'public.orders',
  key: [integer('id')],
  partitions: [integer('org_id')],
  family: false,
}

const short = (tags: readonly string[]): string[] =>
  tags.map((tag) => tag.replace('q:shop:public.', ''))

test('a change of unknown rows reaches every kind of answer', () => {
  expect(short(changeTags('shop', { table: 'orders' }, ORDERS))).toEqual([
    'orders',
    'orders/rows',
    'orders[org_id]',
  ])
})

test('known rows and partitions are named', () => {
  const change = { table: 'orders', rows: [5, '6'], partitions: { org_id: [1, 2, 1] } }
  expect(short(changeTags('shop', change, ORDERS))).toEqual([
    'orders',
    'orders#5',
    'orders#6',
    'orders[org_id=1]',
    'orders[org_id=2]',
  ])
})

test('a value that may be another in the database stands for all', () => {
  const change = { table: 'orders', rows: ['05'], partitions: { org_id: [' 1'] } }
  expect(short(changeTags('shop', change, ORDERS))).toEqual([
    'orders',
    'orders/rows',
    'orders[org_id]',
  ])
})

test('an insert that does not tell its key leaves rows that were found', () => {
  const change = { table: 'orders', inserted: true, partitions: { org_id: [1] } }
  expect(short(changeTags('shop', change, ORDERS))).toEqual(['orders', 'orders[org_id=1]'])
  expect(short(changeTags('shop', change, { ...ORDERS, family: true }))).toContain('orders/rows')
})

test('a row that is in no partition touches none', () => {
  const change = { table: 'orders', rows: [5], partitions: { org_id: [null] } }
  expect(short(changeTags('shop', change, ORDERS))).toEqual(['orders', 'orders#5'])
})

test('a table without layout is changed as a whole, in the partitions that others may know', () => {
  expect(short(changeTags('shop', { table: 'public.x', rows: [1] }, undefined, ['a']))).toEqual([
    'x',
    'x/rows',
    'x[a]',
  ])
})

test('tags stay within their length, and tell apart what differs', () => {
  const long = 'ä'.repeat(5000)
  const tags = [
    tableTag('a', 'b.c'),
    tableTag('a:b', 'c'),
    rowTag('a', 'b.c', ['x,y']),
    rowTag('a', 'b.c', ['x', 'y']),
    rowTag(
      'a',
      'b.c',
      Array.from({ length: 40 }, () => 'x'.repeat(100)),
    ),
    rowTag('a', 'b.c', [long]),
    rowTag('a', 'b.c', [`${long}x`]),
    partitionTag(long, long, long, long),
    partitionTag('a', 'b.c', 'd=e', 'f'),
    partitionTag('a', 'b.c', 'd', 'e=f'),
  ]
  expect(new Set(tags).size).toBe(tags.length)
  for (const tag of tags) expect(tag.length).toBeLessThanOrEqual(1024)
})

test('rows under other columns than the key of now are not known', () => {
  const pairs = { ...ORDERS, key: [integer('a'), integer('b')], partitions: [] }
  const tags = (columns: readonly string[], row: readonly number[]) =>
    short(changeTags('shop', { table: 'orders', columns, rows: [row] }, pairs))
  expect(tags(['b', 'a'], [2, 1])).toEqual(['orders', 'orders#1,2'])
  expect(tags(['a'], [1])).toEqual(['orders', 'orders/rows'])
  expect(tags(['a', 'c'], [1, 2])).toEqual(['orders', 'orders/rows'])
  expect(tags(['a', 'b', 'c'], [1, 2, 3])).toEqual(['orders', 'orders/rows'])
})
