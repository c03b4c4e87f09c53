import { expect, test } from 'vitest'
import { checkHistory, type HistoryRecord } from '../../src/testing/index.js'

const load = (id: string, began: number, version: number, process = 'a'): HistoryRecord => ({
  kind: 'load',
  process,
  id,
  subject: 'row',
  began,
  version,
})

const read = (started: number, of: string, version: number, process = 'a'): HistoryRecord => ({
  kind: 'read',
  process,
  subject: 'row',
  started,
  ended: started + 1,
  load: of,
  version,
})

const invalidation = (
  called: number,
  returned: number | undefined,
  version: number,
  {
    process = 'a',
    delivered = returned,
  }: { process?: string; delivered?: number | undefined } = {},
): HistoryRecord => ({
  kind: 'invalidation',
  process,
  subject: 'row',
  how: 'delete',
  called,
  returned,
  delivered,
  version,
})

test('a read that starts after an invalidation returned may not be given what was loaded before: told as a story', () => {
  const found = checkHistory([
    load('a#1', 0, 1),
    invalidation(5, 6, 2, { process: 'b' }),
    read(5.5, 'a#1', 1),
    read(7, 'a#1', 1),
  ])
  expect(found.map(({ story }) => story)).toMatchInlineSnapshot(`
    [
      "row: a read of a was given what was invalidated before it started
           0.000 ms  a: load a#1 begins, finds 1 ←
           5.000 ms  b: has written 2, calls delete ←
           6.000 ms  b: delete returns ←
           7.000 ms  a: a read starts ←
           8.000 ms  a: the read is given 1 of load a#1 ←",
    ]
  `)
})

test('a history that keeps the promise has no violation', () => {
  expect(
    checkHistory([
      load('a#1', 0, 1),
      read(1, 'a#1', 1),
      invalidation(5, 6, 2),
      load('a#2', 5.5, 2),
      read(7, 'a#2', 2),
    ]),
  ).toEqual([])
})

test('what is pending binds its own process from the return, the others from the delivery', () => {
  const pending = invalidation(5, 6, 2, { process: 'b', delivered: 20 })
  const at = (started: number, process: string) =>
    checkHistory([load('a#1', 0, 1), pending, read(started, 'a#1', 1, process)]).length
  expect([at(7, 'b'), at(7, 'a'), at(19, 'a'), at(21, 'a')]).toEqual([1, 0, 0, 1])
})

test('what never returned or was never delivered binds nobody else', () => {
  expect(
    checkHistory([
      load('a#1', 0, 1),
      invalidation(5, undefined, 2, { process: 'b' }),
      { ...invalidation(7, 8, 3, { process: 'b' }), delivered: undefined } as HistoryRecord,
      read(10, 'a#1', 1),
    ]),
  ).toEqual([])
})

test('memory of another process is given the time a message takes, and no more', () => {
  const history = (started: number) => [
    load('a#1', 0, 1),
    invalidation(5, 6, 2, { process: 'b' }),
    read(started, 'a#1', 1),
  ]
  expect(checkHistory(history(50), { heardWithinMs: 100 })).toEqual([])
  expect(checkHistory(history(107), { heardWithinMs: 100 })).toHaveLength(1)
})

test('an old version is found also where its load is not in the history', () => {
  expect(checkHistory([invalidation(5, 6, 2), read(7, 'gone', 1)])).toHaveLength(1)
})

test('subjects are judged apart', () => {
  expect(
    checkHistory([
      load('a#1', 0, 1),
      { ...invalidation(5, 6, 2), subject: 'other' },
      read(7, 'a#1', 1),
    ]),
  ).toEqual([])
})
