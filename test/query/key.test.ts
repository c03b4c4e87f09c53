import { expect, test } from 'vitest'
import { paramsText, queryKey } from '../../src/query/key.js'
import { rooted } from '../../src/query/rooted.js'

const key = (value: unknown): string => queryKey('', paramsText([value]) ?? 'none')

test('texts that no UTF-8 tells apart are other parameters', () => {
  expect(key('\ud800')).not.toBe(key('\ud801'))
  expect(key({ a: '\ud800' })).not.toBe(key({ a: '\ud801' }))
  expect(key({ '\ud800': 1 })).not.toBe(key({ '\ud801': 1 }))
})

test('what holds itself, or says itself how it is sent, has no certain form', () => {
  const list: unknown[] = []
  list.push(list)
  expect(paramsText([list])).toBe(undefined)
  for (const name of ['toPostgres', 'toJSON', 'toSqlString']) {
    const hidden = Object.defineProperty({ a: 1 }, name, { value: () => '2' })
    expect(paramsText([hidden])).toBe(undefined)
  }
  expect(paramsText([{ a: 1 }])).toBeDefined()
})

test('of a table in several families nobody knows whose key its rows are told by', () => {
  const layouts = { roots: () => ['public.a', 'public.b'], layout: () => undefined }
  expect(rooted([{ table: 'c', rows: [1] }], layouts)).toEqual([
    { table: 'public.a' },
    { table: 'public.b' },
  ])
})
