import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { expect, expectTypeOf, test } from 'vitest'
import * as http from '../../src/http/index.js'

test('the names of keepfresh/http', () => {
  expect(Object.keys(http).toSorted()).toMatchSnapshot()
})

test('the headers Node gives are field values', () => {
  expectTypeOf<IncomingHttpHeaders>().toExtend<http.FieldValues>()
  expectTypeOf<OutgoingHttpHeaders>().toExtend<http.FieldValues>()
})
