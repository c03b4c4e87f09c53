/** What is kept of a session, as it is read back: what others have put there is no session. */
import { expect, it } from 'vitest'
import { readRecord } from '../../src/session/record.js'

it.each<[string, unknown]>([
  ['of another id', '["other","g",{"n":1}]'],
  ['without a generation', '["one",null,{"n":1}]'],
  ['without data', '["one","g",null]'],
  ['of another form', '{"id":"one"}'],
  ['that is no JSON', '["one","g",{'],
  ['that is no text', ['one', 'g', {}]],
  ['that is nothing', undefined],
])('a record %s is none', (_, kept) => {
  expect(readRecord(kept, 'one')).toBe(undefined)
})

it('a record is read by its id, or whatever it is where nobody asks for one', () => {
  const kept = '["one","g",{"n":1}]'
  for (const read of [readRecord(kept, 'one'), readRecord(kept)]) {
    expect([read?.record.id, read?.record.generation, read?.data]).toEqual(['one', 'g', { n: 1 }])
    expect([...read!.record.fields]).toEqual([['n', '1']])
  }
})
