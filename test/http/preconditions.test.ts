import { describe, expect, test } from 'vitest'
import {
  evaluatePreconditions,
  isConditional,
  type PreconditionInput,
  type PreconditionOutcome,
  rangeApplies,
} from '../../src/http/preconditions.js'
import {
  confirmsStored,
  notModifiedFields,
  readValidators,
  validationFields,
} from '../../src/http/validation.js'

const LAST_MODIFIED = Date.UTC(2024, 0, 1, 12) + 400
const BEFORE = 'Mon, 01 Jan 2024 11:59:59 GMT'
const SAME = 'Mon, 01 Jan 2024 12:00:00 GMT'
const AFTER = 'Mon, 01 Jan 2024 12:00:01 GMT'

type Headers = Readonly<Record<string, string | string[]>>
const evaluate = (headers: Headers, input: Partial<PreconditionInput> = {}): PreconditionOutcome =>
  evaluatePreconditions({
    method: 'GET',
    headers,
    etag: '"a"',
    lastModified: LAST_MODIFIED,
    ...input,
  })

describe('each precondition (RFC 9110 section 13.1)', () => {
  test.each<[Headers, Partial<PreconditionInput>, PreconditionOutcome, string]>([
    [{}, {}, 'proceed', '13.1'],
    [{ 'if-none-match': '"a"' }, {}, 'not-modified', '13.1.2'],
    [{ 'if-none-match': '"a"' }, { method: 'HEAD' }, 'not-modified', '13.1.2'],
    [{ 'if-none-match': 'W/"a"' }, {}, 'not-modified', '13.1.2, weak comparison'],
    [{ 'if-none-match': '"a"' }, { etag: 'W/"a"' }, 'not-modified', '13.1.2, weak comparison'],
    [{ 'if-none-match': '"x", "a"' }, {}, 'not-modified', '13.1.2, a list'],
    [{ 'if-none-match': ['"x"', '"a"'] }, {}, 'not-modified', '5.3, several lines'],
    [{ 'if-none-match': '"x"' }, {}, 'proceed', '13.1.2'],
    [{ 'if-none-match': 'a' }, {}, 'proceed', '13.1.2, not a tag'],
    [{ 'if-none-match': '"a"' }, { etag: undefined }, 'proceed', '13.1.2, nothing to match'],
    [{ 'if-none-match': 'a' }, { etag: 'a' }, 'proceed', '8.8.3, what is not a tag never matches'],
    [{ 'if-none-match': '*' }, {}, 'not-modified', '13.1.2, any'],
    [{ 'if-none-match': '*' }, { exists: false }, 'proceed', '13.1.2, none'],
    [
      { 'if-none-match': '*' },
      { method: 'PUT' },
      'precondition-failed',
      '13.1.2, do not overwrite',
    ],
    [{ 'if-none-match': '*' }, { method: 'PUT', exists: false }, 'proceed', '13.1.2, create'],
    [{ 'if-none-match': '"a"' }, { method: 'POST' }, 'precondition-failed', '13.1.2'],
    [{ 'if-match': '"a"' }, { method: 'PUT' }, 'proceed', '13.1.1'],
    [
      { 'if-match': '"x"' },
      { method: 'PUT' },
      'precondition-failed',
      '13.1.1, the other editor was first',
    ],
    [{ 'if-match': '"x"' }, {}, 'precondition-failed', '13.1.1, GET as well'],
    [
      { 'if-match': 'W/"a"' },
      { method: 'PUT' },
      'precondition-failed',
      '13.1.1, strong comparison',
    ],
    [
      { 'if-match': '"a"' },
      { method: 'PUT', etag: 'W/"a"' },
      'precondition-failed',
      '13.1.1, strong comparison',
    ],
    [{ 'if-match': '*' }, { method: 'PUT', etag: undefined }, 'proceed', '13.1.1, any'],
    [{ 'if-match': '*' }, { method: 'PUT', exists: false }, 'precondition-failed', '13.1.1, none'],
    [
      { 'if-match': '' },
      { method: 'PUT' },
      'precondition-failed',
      '13.1.1, an empty list matches nothing',
    ],
    [{ 'if-modified-since': SAME }, {}, 'not-modified', '13.1.3, whole seconds'],
    [{ 'if-modified-since': AFTER }, {}, 'not-modified', '13.1.3'],
    [{ 'if-modified-since': BEFORE }, {}, 'proceed', '13.1.3'],
    [
      { 'if-modified-since': 'Monday, 01-Jan-24 12:00:00 GMT' },
      {},
      'not-modified',
      '5.6.7, RFC 850',
    ],
    [{ 'if-modified-since': `${SAME}, ${SAME}` }, {}, 'proceed', '13.1.3, more than one'],
    [{ 'if-modified-since': 'yesterday' }, {}, 'proceed', '13.1.3, not a date'],
    [{ 'if-modified-since': AFTER }, { method: 'POST' }, 'proceed', '13.1.3, GET and HEAD only'],
    [
      { 'if-modified-since': AFTER },
      { lastModified: undefined },
      'proceed',
      '13.1.3, no date to compare',
    ],
    [{ 'if-unmodified-since': SAME }, { method: 'PUT' }, 'proceed', '13.1.4'],
    [{ 'if-unmodified-since': BEFORE }, { method: 'PUT' }, 'precondition-failed', '13.1.4'],
    [{ 'if-unmodified-since': 'x' }, { method: 'PUT' }, 'proceed', '13.1.4, not a date'],
    [
      { 'if-unmodified-since': BEFORE },
      { method: 'PUT', lastModified: undefined },
      'proceed',
      '13.1.4',
    ],
  ])('%j of %j: %s, section %s', (headers, input, outcome) => {
    expect(evaluate(headers, input)).toBe(outcome)
  })
})

describe('precedence (RFC 9110 section 13.2.2)', () => {
  test.each<[Headers, Partial<PreconditionInput>, PreconditionOutcome, string]>([
    [
      { 'if-match': '"a"', 'if-unmodified-since': BEFORE },
      { method: 'PUT' },
      'proceed',
      'step 2 only without If-Match',
    ],
    [
      { 'if-match': '"x"', 'if-none-match': '"a"' },
      {},
      'precondition-failed',
      'step 1 before step 3',
    ],
    [
      { 'if-unmodified-since': BEFORE, 'if-none-match': '"a"' },
      {},
      'precondition-failed',
      'step 2 before step 3',
    ],
    [{ 'if-match': '"a"', 'if-none-match': '"a"' }, {}, 'not-modified', 'step 3 after step 1'],
    [
      { 'if-none-match': '"x"', 'if-modified-since': AFTER },
      {},
      'proceed',
      'step 4 only without If-None-Match',
    ],
    [
      { 'if-none-match': '"a"', 'if-modified-since': BEFORE },
      {},
      'not-modified',
      'step 4 only without If-None-Match',
    ],
    [
      { 'if-none-match': 'bad', 'if-modified-since': AFTER },
      {},
      'proceed',
      'even when it holds no tag',
    ],
  ])('%j of %j: %s', (headers, input, outcome) => {
    expect(evaluate(headers, input)).toBe(outcome)
  })

  test.each([301, 404, 410, 500, 304])(
    'is not looked at where the answer would be %d (section 13.2.1)',
    (status) => {
      expect(evaluate({ 'if-none-match': '"a"' }, { status })).toBe('proceed')
      expect(evaluate({ 'if-match': '"x"' }, { status })).toBe('proceed')
    },
  )

  test.each(['OPTIONS', 'CONNECT', 'TRACE'])(
    'is not looked at for %s (section 13.2.1)',
    (method) => {
      expect(evaluate({ 'if-none-match': '"a"', 'if-match': '"x"' }, { method })).toBe('proceed')
    },
  )

  test('a cache leaves to the origin what is the origin’s (RFC 9111 section 4.3.2)', () => {
    expect(evaluate({ 'if-match': '"x"' }, { role: 'cache' })).toBe('proceed')
    expect(evaluate({ 'if-unmodified-since': BEFORE }, { role: 'cache' })).toBe('proceed')
    expect(evaluate({ 'if-none-match': '"a"' }, { role: 'cache' })).toBe('not-modified')
  })

  test('a cache compares Date where there is no Last-Modified (RFC 9111 section 4.3.2)', () => {
    const input = { lastModified: undefined, date: LAST_MODIFIED, role: 'cache' } as const
    expect(evaluate({ 'if-modified-since': SAME }, input)).toBe('not-modified')
    expect(evaluate({ 'if-modified-since': BEFORE }, input)).toBe('proceed')
    expect(evaluate({ 'if-modified-since': SAME }, { ...input, role: 'origin' })).toBe('proceed')
  })

  test('a quick look tells whether there is anything to evaluate', () => {
    expect(isConditional({})).toBe(false)
    expect(isConditional({ 'if-none-match': '' })).toBe(true)
    expect(isConditional({ 'if-range': '"a"' })).toBe(false)
  })
})

describe('If-Range (RFC 9110 section 13.1.5)', () => {
  const DAY_LATER = LAST_MODIFIED + 86_400_000
  test.each<[Headers, Partial<PreconditionInput>, boolean, string]>([
    [{}, {}, false, '14.2, no Range'],
    [{ range: 'bytes=0-1' }, {}, true, '14.2'],
    [{ range: 'bytes=0-1' }, { method: 'HEAD' }, false, '14.2, GET only'],
    [{ range: 'bytes=0-1' }, { method: 'POST' }, false, '14.2, GET only'],
    [{ range: 'bytes=0-1', 'if-range': '"a"' }, {}, true, '13.1.5'],
    [{ range: 'bytes=0-1', 'if-range': '"x"' }, {}, false, '13.1.5'],
    [{ range: 'bytes=0-1', 'if-range': 'W/"a"' }, {}, false, '13.1.5, strong comparison'],
    [
      { range: 'bytes=0-1', 'if-range': '"a"' },
      { etag: 'W/"a"' },
      false,
      '13.1.5, strong comparison',
    ],
    [{ range: 'bytes=0-1', 'if-range': '"a"' }, { etag: undefined }, false, '13.1.5'],
    [{ range: 'bytes=0-1', 'if-range': SAME }, { date: DAY_LATER }, true, '13.1.5'],
    [{ range: 'bytes=0-1', 'if-range': AFTER }, { date: DAY_LATER }, false, '13.1.5, exact match'],
    [
      { range: 'bytes=0-1', 'if-range': SAME },
      { date: LAST_MODIFIED },
      false,
      '8.8.2.2, within the second',
    ],
    [{ range: 'bytes=0-1', 'if-range': SAME }, {}, false, '8.8.2.2, not known to be strong'],
    [{ range: 'bytes=0-1', 'if-range': 'garbage' }, { date: DAY_LATER }, false, '13.1.5'],
  ])('%j of %j: %s', (headers, input, expected) => {
    expect(
      rangeApplies({ method: 'GET', headers, etag: '"a"', lastModified: LAST_MODIFIED, ...input }),
    ).toBe(expected)
  })
})

describe('the fields of a 304 (RFC 9110 section 15.4.5)', () => {
  test('are those that update or select a stored response', () => {
    expect(
      notModifiedFields([
        ['Date', 'd'],
        ['ETag', '"a"'],
        ['Last-Modified', SAME],
        ['cache-control', 'max-age=5'],
        ['expires', 'e'],
        ['vary', 'a'],
        ['content-location', '/x'],
        ['content-type', 'text/html'],
        ['content-length', '5'],
        ['content-encoding', 'gzip'],
        ['content-security-policy', "default-src 'self'"],
        ['access-control-allow-origin', '*'],
      ]).map(([name]) => name),
    ).toEqual([
      'Date',
      'ETag',
      'cache-control',
      'expires',
      'vary',
      'content-location',
      'content-security-policy',
      'access-control-allow-origin',
    ])
    expect(notModifiedFields([['Last-Modified', SAME]])).toHaveLength(1)
  })
})

test('the validators of a response are read once, and bad ones are none', () => {
  expect(readValidators({ etag: 'W/"a"', 'last-modified': SAME, date: AFTER })).toEqual({
    etag: 'W/"a"',
    lastModified: Date.UTC(2024, 0, 1, 12),
    date: Date.UTC(2024, 0, 1, 12, 0, 1),
  })
  expect(readValidators({ etag: 'a', 'last-modified': 'x', date: [SAME, SAME] })).toEqual({})
})

describe('asking about stored responses (RFC 9111 sections 4.3.1 and 4.3.4)', () => {
  test('all tags, and the date where there is one response', () => {
    expect(validationFields({ etag: 'W/"a"', lastModified: LAST_MODIFIED })).toEqual([
      ['if-none-match', 'W/"a"'],
      ['if-modified-since', SAME],
    ])
    expect(
      validationFields({ etag: '"a"' }, { etag: '"b"' }, { etag: '"a"' }, { lastModified: 1 }),
    ).toEqual([['if-none-match', '"a", "b"']])
    expect(validationFields({})).toEqual([])
    expect(validationFields({ etag: 'unquoted' })).toEqual([])
  })

  test.each([
    [{ etag: '"a"' }, { etag: '"a"' }, true],
    [{ etag: '"a"' }, { etag: '"b"' }, false],
    [{ etag: 'W/"a"' }, { etag: '"a"' }, false],
    [{ etag: '"a"' }, { etag: 'W/"a"' }, true],
    [{}, { etag: '"a"' }, false],
    [{ lastModified: 1000 }, { lastModified: 1000 }, true],
    [{ lastModified: 1000 }, { lastModified: 2000 }, false],
    [{ etag: '"a"' }, {}, true],
    [{}, {}, true],
  ])('stored %j, 304 with %j: %s', (stored, received, expected) => {
    expect(confirmsStored(stored, received, { only: true })).toBe(expected)
  })

  test('a 304 that names none of several confirms none', () => {
    expect(confirmsStored({ etag: '"a"' }, {}, { only: false })).toBe(false)
  })
})
