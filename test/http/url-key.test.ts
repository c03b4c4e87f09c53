import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createUrlKey, type UrlKey, type UrlKeyOptions } from '../../src/http/url-key.js'
import { elapsedMs, QUICK_MS } from './linear.js'

const key = (
  target: string,
  options: Partial<UrlKeyOptions> = {},
  host: string | undefined = 'a.test',
): string => {
  const result = createUrlKey({ hosts: 'a.test', ...options })(target, host)
  return 'refused' in result ? `refused: ${result.refused}` : result.key
}

describe('the path (RFC 3986 section 6.2.2, RFC 9110 section 4.2.3)', () => {
  test.each([
    ['/', 'https://a.test/', ''],
    ['/news/today', 'https://a.test/news/today', ''],
    ['/caf%c3%a9', 'https://a.test/caf%C3%A9', 'case of the encoding'],
    ['/a%2fb', 'https://a.test/a%2Fb', 'an encoded separator stays apart'],
    ['/a%5cb', 'https://a.test/a%5Cb', 'and so does a backslash'],
    ['/a//b', 'https://a.test/a//b', 'empty segments stay apart'],
    ['/a/', 'https://a.test/a/', 'a slash at the end stays apart'],
    ['/A', 'https://a.test/A', 'case matters'],
    ['/%41', 'https://a.test/%41', 'whether it is /A is for the router to say'],
    ['/me/x.css', 'https://a.test/me/x.css', ''],
    ['/.well-known/x', 'https://a.test/.well-known/x', ''],
    ['/a/...', 'https://a.test/a/...', ''],
    ['/a;b=../c', 'https://a.test/a;b=../c', ''],
    ['/me/../news', 'refused: dot-segment', ''],
    ['/me/..', 'refused: dot-segment', ''],
    ['/./news', 'refused: dot-segment', ''],
    ['/me/%2e%2E/news', 'refused: dot-segment', 'encoded'],
    ['/me/.%2e%2fnews', 'refused: dot-segment', 'encoded with its separator'],
    ['/me/..%5cnews', 'refused: dot-segment', 'before a backslash'],
    ['/me/..;/news', 'refused: dot-segment', 'with a parameter'],
    ['/a\\b', 'refused: character', ''],
    ['/a b', 'refused: character', ''],
    ['/a\tb', 'refused: character', ''],
    ['/a\u0000', 'refused: character', ''],
    ['/é', 'refused: character', ''],
    ['/a#b', 'refused: character', ''],
    ['/a%', 'refused: encoding', ''],
    ['/a%2', 'refused: encoding', ''],
    ['/a%zz', 'refused: encoding', ''],
    ['/a%2g', 'refused: encoding', ''],
    ['/a%g2', 'refused: encoding', ''],
    ['/a%/b', 'refused: encoding', ''],
    ['/a%0a', 'https://a.test/a%0A', ''],
    ['/a%20b%9f', 'https://a.test/a%20b%9F', ''],
    ['/a%00', 'refused: encoding', ''],
    ['', 'refused: form', ''],
    ['*', 'refused: form', ''],
    ['a', 'refused: form', ''],
    ['http://evil.test/', 'refused: form', 'RFC 9112 section 3.2.2'],
    ['//evil.test/', 'refused: form', ''],
    [`/${'a'.repeat(9000)}`, 'refused: form', 'too long'],
  ])('%j has the key %s', (target, expected) => {
    expect(key(target)).toBe(expected)
  })
})

describe('the query', () => {
  const query = ['page', 'q']
  test.each<[string, string, string]>([
    ['/?page=2', '/?page=2', ''],
    ['/?utm_source=x&page=2&fbclid=y', '/?page=2', 'only what is declared'],
    ['/?q=a&page=2', '/?page=2&q=a', 'in any order'],
    ['/?page=2&page=1', '/?page=2&page=1', 'values of one name keep theirs'],
    ['/?page=1&page=2', '/?page=1&page=2', ''],
    ['/?page', '/?page=', ''],
    ['/?page=', '/?page=', ''],
    ['/?&&page=2&', '/?page=2', ''],
    ['/?%70age=2', '/?page=2', 'an encoded name is the name'],
    ['/?q=a+b', '/?q=a%20b', ''],
    ['/?q=a%20b', '/?q=a%20b', ''],
    ['/?q=%c3%a9', '/?q=%C3%A9', ''],
    ['/?q=a;page=3', '/?q=a%3Bpage%3D3', 'a semicolon separates nothing'],
    ['/?q=a%26page%3D3', '/?q=a%26page%3D3', 'what is encoded separates nothing'],
    ['/?page[]=3', '/?page%5B%5D=3', 'a name with brackets counts'],
    ['/?page[x]=3', '/?page%5Bx%5D=3', ''],
    ['/?%5bpage%5d=3', '/?%5Bpage%5D=3', ''],
    ['/?pages=3', '/', ''],
    ['/?Page=3', '/', ''],
    ['/?', '/', ''],
    ['/?x=%zz', '/', 'what is not declared may be anything'],
    ['/?x=\u00e9', '/', ''],
    ['/?page=%zz', 'refused: encoding', ''],
    ['/?page=%ff', 'refused: encoding', 'not UTF-8'],
    ['/?page=\u00e9', 'refused: character', ''],
    ['/?page=1#2', 'refused: character', ''],
  ])('%s has the key %s', (target, expected) => {
    expect(key(target, { query })).toBe(
      expected.startsWith('/') ? `https://a.test${expected}` : expected,
    )
  })

  test('is ignored by default, and kept whole on request', () => {
    expect(key('/?page=2')).toBe('https://a.test/')
    expect(key('/?b=2&a=1&b=1', { query: 'all' })).toBe('https://a.test/?a=1&b=2&b=1')
    expect(key('/?%zz=1', { query: 'all' })).toBe('refused: encoding')
  })

  test('of more parameters than allowed is refused', () => {
    const many = Array.from({ length: 65 }, () => 'x=1').join('&')
    expect(key(`/?${many}`, { query })).toBe('refused: parameters')
    expect(key(`/?${many}`, { query, maxParameters: 100 })).toBe('https://a.test/')
  })

  test('and a target of exactly the allowed length is not refused', () => {
    expect(key('/abc', { maxLength: 4 })).toBe('https://a.test/abc')
    expect(key('/abcd', { maxLength: 4 })).toBe('refused: form')
  })

  test('the handler is given what the key says, and no more', () => {
    const made = createUrlKey({ hosts: 'a.test', query })('/caf%c3%a9?utm=x&q=1&page=2', 'a.test')
    expect(made).toEqual({
      key: 'https://a.test/caf%C3%A9?page=2&q=1',
      target: '/caf%C3%A9?page=2&q=1',
      host: 'a.test',
    })
  })

  test('what a common parser reads from it follows from the key alone', () => {
    const part = fc.constantFrom(
      'page',
      'q',
      'x',
      '%70age',
      'page[]',
      '&',
      '=',
      '1',
      '2',
      '+',
      '%26',
      '%3D',
      ';',
      '%',
    )
    const make = (target: string): ReturnType<UrlKey> =>
      createUrlKey({ hosts: 'a.test', query })(target, 'a.test')
    const read = (target: string): unknown =>
      [...new URLSearchParams(target.slice(target.indexOf('?') + 1))]
        .filter(([name]) => query.includes(name))
        .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const target = `/?${parts.join('')}`
        const made = make(target)
        if ('refused' in made) return
        expect(read(made.target.includes('?') ? made.target : '/?')).toEqual(read(target))
        expect(make(made.target)).toEqual(made)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the host', () => {
  test('is one of those configured, or there is no key', () => {
    expect(key('/')).toBe('https://a.test/')
    expect(key('/', {}, 'evil.test')).toBe('refused: host')
    expect(createUrlKey({ hosts: 'a.test' })('/')).toEqual({ refused: 'host' })
    expect(key('/', { scheme: 'http', hosts: 'A.test:80' }, 'a.test')).toBe('http://a.test/')
    expect(key('/', { hosts: 'localhost:3000' }, 'localhost:3000')).toBe('https://localhost:3000/')
    expect(key('/', { hosts: '[::1]:3000' }, '[::1]:3000')).toBe('https://[::1]:3000/')
  })

  test('is taken from configuration where a proxy in front changes it', () => {
    const options = { hosts: ['a.test', 'b.test'], anyHost: true }
    expect(key('/', options, 'upstream:8080')).toBe('https://a.test/')
    expect(createUrlKey(options)('/', 'b.test')).toMatchObject({ host: 'a.test' })
  })

  test.each([
    ['b.test', 'https://b.test/'],
    ['B.Test:443', 'https://b.test/'],
    ['b.test.', 'https://b.test/'],
    ['b.test:444', 'refused: host'],
    ['evil.test', 'refused: host'],
    ['', 'refused: host'],
    ['constructor', 'refused: host'],
  ])('of several, %s gives %s', (host, expected) => {
    expect(key('/', { hosts: ['a.test', 'b.test'] }, host)).toBe(expected)
  })

  test.each(['', 'a b', 'a.test/x', 'user@a.test', 'https://a.test', 'a.test:99999'])(
    'that is %j is refused when the key is prepared',
    (host) => {
      expect(() => createUrlKey({ hosts: [host] })).toThrow(/hosts\[0\]/)
    },
  )

  test('has to be given', () => {
    expect(() => createUrlKey({ hosts: [] })).toThrow(/at least one host/)
  })
})

test('no target takes more than linear time, or throws', () => {
  const anyCharacter = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
  const make = createUrlKey({
    hosts: 'a.test',
    anyHost: true,
    query: 'all',
    maxLength: Infinity,
    maxParameters: Infinity,
  })
  for (const part of ['/..', '%2e', '%', 'a', '&', '?a=', '&a[', '&[', ';']) {
    expect(elapsedMs(() => make(`/?${part.repeat(100_000)}`))).toBeLessThan(QUICK_MS)
    expect(elapsedMs(() => make(`/${part.repeat(100_000)}`))).toBeLessThan(QUICK_MS)
  }
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (target) => {
      expect(() => make(target)).not.toThrow()
      expect(() => make(`/?${target}`)).not.toThrow()
    }),
  )
})
