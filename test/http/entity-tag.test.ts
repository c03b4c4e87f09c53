import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatEntityTag,
  isEntityTag,
  isWeakTag,
  listHasTag,
  parseEntityTag,
  parseEntityTags,
  sameTag,
  weakTag,
} from '../../src/http/entity-tag.js'
import {
  codedEtag,
  contentEtag,
  uncodedEtag,
  type Version,
  versionEtag,
} from '../../src/http/etag.js'
import { elapsedMs, QUICK_MS } from './linear.js'

describe('one entity tag (RFC 9110 section 8.8.3)', () => {
  test.each<[string, boolean | undefined, string]>([
    ['"xyzzy"', false, '8.8.3'],
    ['W/"xyzzy"', true, '8.8.3'],
    ['""', false, '8.8.3, an empty tag'],
    ['"a,b"', false, '8.8.3, a comma inside'],
    ['"a\\"', false, '8.8.3, a backslash is no escape'],
    ['"abcdef\u00fc"', false, '8.8.3, obs-text'],
    ['xyzzy', undefined, 'unquoted'],
    ['w/"xyzzy"', undefined, 'the mark is case-sensitive'],
    ['W\\"xyzzy"', undefined, 'not the mark'],
    ['W"xyzzy"', undefined, 'not the mark'],
    ['W/xyzzy', undefined, 'unquoted'],
    ['"a b"', undefined, 'a space inside'],
    ['"a"b"', undefined, 'a quote inside'],
    ['"a', undefined, 'never closed'],
    ['"a\r\n"', undefined, 'control characters'],
    ['"\u0100"', undefined, 'beyond Latin-1'],
    [' "a"', undefined, 'space before'],
    ['', undefined, ''],
  ])('%j is weak: %s', (text, weak) => {
    expect(parseEntityTag(text)?.weak).toBe(weak)
    expect(isEntityTag(text)).toBe(weak !== undefined)
    expect(isWeakTag(text)).toBe(weak === true)
  })

  test.each<[string, string, boolean, boolean]>([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ['abc', 'abc', false, false],
  ])('%s and %s are the same, strongly %s, weakly %s (section 8.8.3.2)', (a, b, strong, weak) => {
    expect(sameTag(a, b, 'strong')).toBe(strong)
    expect(sameTag(a, b, 'weak')).toBe(weak)
  })

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!#-~\u0080-\u00ff]*$/), fc.boolean(), (opaque, weak) => {
        expect(parseEntityTag(formatEntityTag(opaque, { weak }))).toEqual({ weak, opaque })
      }),
    )
    expect(() => formatEntityTag('a"b')).toThrow(/entity tag/)
    expect(() => formatEntityTag('a b')).toThrow(/entity tag/)
    expect(weakTag(weakTag('"a"'))).toBe('W/"a"')
  })
})

describe('lists of tags (RFC 9110 section 13.1.2)', () => {
  test.each<[string, string, boolean]>([
    ['"a"', '"a"', true],
    ['"a", "b", "c"', '"b"', true],
    ['"a","b","c"', '"c"', true],
    ['"a" , W/"b"', '"b"', true],
    ['"a,b"', '"a"', false],
    ['"x, y", "a"', '"a"', true],
    ['a, "a"', '"a"', true],
    ['a', '"a"', false],
    ['abc', 'abc', false],
    ['"a"b, "c"', '"a"', false],
    ['w/"a", "c"', '"c"', true],
    ['*', '"a"', false],
    ['', '"a"', false],
    [',, ,"a"', '"a"', true],
    ['"a', '"a"', false],
  ])('%s has %s: %s', (list, tag, expected) => {
    expect(listHasTag(list, tag, 'weak')).toBe(expected)
  })

  test('taken apart', () => {
    expect(parseEntityTags(' * ')).toBe('*')
    expect(parseEntityTags('W/"a", x, "b,c"')).toEqual([
      { weak: true, opaque: 'a' },
      { weak: false, opaque: 'b,c' },
    ])
    expect(parseEntityTags('*, "a"')).toEqual([{ weak: false, opaque: 'a' }])
  })

  test('a tag is found exactly when the parsed list has it', () => {
    const text = fc.string({ unit: fc.constantFrom('"', 'a', 'W/', ',', ' ', '\\') })
    fc.assert(
      fc.property(text, (list) => {
        const tags = parseEntityTags(list)
        const has = tags !== '*' && tags.some(({ opaque }) => opaque === 'a')
        expect(listHasTag(list, '"a"', 'weak')).toBe(has)
      }),
      { numRuns: 1000 },
    )
  })

  test('searching takes linear time', () => {
    for (const part of ['"', '"a,', 'W/', 'W/"', ',', 'a ', '"a"x,']) {
      expect(
        elapsedMs(() => {
          listHasTag(part.repeat(100_000), '"zz"', 'weak')
        }),
      ).toBeLessThan(QUICK_MS)
    }
    expect(
      elapsedMs(() => {
        listHasTag(`"${','.repeat(400_000)}`, '"zz"', 'weak')
      }),
    ).toBeLessThan(QUICK_MS)
  })
})

describe('making tags', () => {
  test('from content: same bytes, same tag', () => {
    expect(contentEtag('é')).toBe(contentEtag(Buffer.from('é')))
    expect(contentEtag('a')).not.toBe(contentEtag('b'))
    expect(contentEtag('')).toMatch(/^"[\w-]{27}"$/)
    expect(isWeakTag(contentEtag('a', { weak: true }))).toBe(true)
  })

  test('from versions: no two different lists share a tag', () => {
    const lists: Version[][] = [
      [1],
      ['1'],
      [1n],
      [true],
      [null],
      [undefined],
      [new Date(1)],
      [1, 1],
      ['a', 'bc'],
      ['ab', 'c'],
      ['f1;'],
      ['s1;a'],
      ['', ''],
      [''],
      [false],
      ['f'],
      [Number.NaN],
      ['a;'],
      ['a', ''],
    ]
    expect(new Set(lists.map((list) => versionEtag(list))).size).toBe(lists.length)
    expect(versionEtag([-0])).toBe(versionEtag([0]))
    expect(versionEtag([5], { weak: true })).toBe(`W/${versionEtag([5])}`)
  })

  test('from versions that say nothing is refused', () => {
    expect(() => versionEtag([])).toThrow(/at least one version/)
    expect(() => versionEtag([new Date(Number.NaN)])).toThrow(/valid date/)
    expect(() => versionEtag([1, {} as string])).toThrow(/etag\[1\]/)
  })

  test('under a coding: a strong tag of its own, a weak one as it is', () => {
    expect(codedEtag('"abc"', 'gzip')).toBe('"abc-gzip"')
    expect(codedEtag('"abc"', 'identity')).toBe('"abc"')
    expect(codedEtag('W/"abc"', 'gzip')).toBe('W/"abc"')
    expect(codedEtag('abc', 'gzip')).toBe('abc')
    expect(uncodedEtag('"abc-gzip"', 'gzip')).toBe('"abc"')
    expect(uncodedEtag('"abc-gzip"', 'br')).toBe('"abc-gzip"')
    expect(uncodedEtag('"-gzip"', 'gzip')).toBe('""')
  })
})
