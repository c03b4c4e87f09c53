import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'

/** Values that come back as they went in, on every store and in every mode. */
export const FAITHFUL: readonly (readonly [name: string, value: unknown])[] = [
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['an empty string', ''],
  ['text', 'Grüße, 世界 🌍'],
  ['text with a lone surrogate', 'a\ud800b'],
  ['long text', 'long '.repeat(1_000)],
  [
    'long text inside',
    ['x'.repeat(1_023), 'x'.repeat(1_024), { body: '<p class="é">\n</p>'.repeat(100) }],
  ],
  ['long text of any alphabet inside', { 世: '世界🌍'.repeat(500), after: 'ü'.repeat(2_000) }],
  ['long text with a lone surrogate inside', ['\ud800'.repeat(2_000), 'ÿ'.repeat(2_000)]],
  ['NaN', Number.NaN],
  ['-0', -0],
  ['-Infinity', -Infinity],
  ['a bigint', -12345678901234567890n],
  ['a Date', new Date(1_700_000_000_000)],
  ['an invalid Date', new Date(Number.NaN)],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', new Date(1)],
      [{ b: 1 }, [2n]],
      [Number.NaN, undefined],
    ]),
  ],
  ['a Set', new Set([1, 'x', undefined, null, { a: new Set() }])],
  ['a Buffer', Buffer.from([0, 255, 1])],
  ['an empty Buffer', Buffer.alloc(0)],
  ['a Buffer inside', { body: Buffer.from('abc'), after: Buffer.from('de') }],
  ['a Uint8Array', new Uint8Array([1, 2])],
  ['a view on a part of its buffer', new Uint16Array([1, 2, 3, 4]).subarray(1, 3)],
  ['a Float64Array', new Float64Array([1.5, -0, Number.NaN])],
  ['a BigInt64Array', new BigInt64Array([-1n])],
  ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a RegExp', /a\/b/giu],
  ['a URL', new URL('https://user@example.org:81/?q=1#x')],
  ['undefined inside', { a: undefined, b: [undefined, 1] }],
  ['an array that looks like a tag', ['~d', 1, ['~~', ['~']], new Date(2)]],
  ['an object without a prototype', Object.assign(Object.create(null), { a: { b: 1 } })],
  ['an own __proto__', JSON.parse('{"__proto__":{"x":1},"d":[1]}')],
  [
    'an own __proto__ beside a Date',
    JSON.parse('{"__proto__":{"x":1}}', (k, v) => (k === 'x' ? new Date(3) : v)),
  ],
  ['names of any kind', { '': 1, ' ': 2, '~d': 3, constructor: 4, toString: 5, '\ud800': 6, 7: 8 }],
  ['an object that looks like a thenable', { then: 'not a function' }],
  [
    'rows',
    {
      rows: [{ id: 1n, at: new Date(5), tags: new Set(['a']), raw: Buffer.from('xyz') }],
      total: 1,
    },
  ],
  ['a deep value', nest(900)],
]

/** Values that are refused, with the path and what the message says is there. */
export const REFUSED: readonly (readonly [name: string, value: unknown, message: string])[] = [
  ['a function', () => 1, 'value at $ is function'],
  ['a method', { a: [{ greet() {} }] }, 'value at $.a[0].greet is function greet'],
  ['a symbol', { a: Symbol('s') }, 'value at $.a is Symbol(s)'],
  [
    'a property named by a symbol',
    { a: { [Symbol('s')]: 1 } },
    'value at $.a has a property named by a symbol',
  ],
  [
    'an instance of a class',
    {
      items: [
        {},
        {
          total: new (class Money {
            readonly cents = 1
          })(),
        },
      ],
    },
    'value at $.items[1].total is an object of Money',
  ],
  [
    'a class that extends Date',
    [new (class Day extends Date {})()],
    'value at $[0] is an object of Day',
  ],
  [
    'a class that is called as a built-in',
    [new (class Date extends globalThis.Date {})()],
    'value at $[0] is an object of Date',
  ],
  [
    'a class that extends Array',
    new (class Rows extends Array {})(),
    'value at $ is an object of Rows',
  ],
  [
    'a class that extends Error',
    { e: new (class NotFound extends Error {})() },
    'value at $.e is an object of NotFound',
  ],
  ['a promise', { p: Promise.resolve(1) }, 'value at $.p is an object of Promise'],
  ['a WeakMap', [new WeakMap()], 'is an object of WeakMap'],
  ['a Proxy of a Map', [new Proxy(new Map(), {})], 'is an object of Map'],
  [
    'what is only made to look like a Date',
    [Object.create(Date.prototype)],
    'is an object of Date',
  ],
  ['shared memory', [new Uint8Array(new SharedArrayBuffer(1))], 'is an object of Uint8Array'],
  ['an iterator', [new Map().values()], 'value at $[0] is an object of'],
  ['a generator', (function* () {})(), 'value at $ is an object of'],
  // eslint-disable-next-line no-sparse-arrays
  ['an array with a hole', { list: [1, , 3] }, 'value at $.list is an array with a hole at 1'],
  [
    'an enormous empty array',
    [Object.assign([], { length: 1e9 })],
    'value at $[0] is an array with a hole',
  ],
  ['a match of a regular expression', { m: /b/.exec('abc') }, 'value at $.m is a match'],
  ['a key of a Map', new Map([[() => 1, 1]]), 'value at $.keys()[0] is function'],
  [
    'a value of a Map',
    { m: new Map([['a', [() => 1]]]) },
    'value at $.m.values()[0][0] is function',
  ],
  [
    'a value of a Set',
    new Set([new Set([Symbol('x')])]),
    'value at $.values()[0].values()[0] is Symbol(x)',
  ],
  [
    'the cause of an error',
    new Error('x', { cause: { f() {} } }),
    'value at $.cause.f is function f',
  ],
  ['a boxed string', [new String('x')], 'is an object of String'],
  ['a value nested too deep', nest(1_001), 'is nested deeper than 1000'],
]

/** A list of lists, so many deep. */
export function nest(depth: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value }
  return value
}

/** Built-ins of another realm, as a test runner that isolates files hands them out. */
export function foreign(source: string): unknown {
  return runInNewContext(`(${source})`)
}

/** Runs a test in a program where somebody extended every object. */
export function withPollution(run: () => void): void {
  const root = Object.prototype as unknown as Record<string, unknown>
  Object.assign(root, { helper: () => 1, settings: { nested: { deep: 1 } } })
  try {
    run()
  } finally {
    Reflect.deleteProperty(root, 'helper')
    Reflect.deleteProperty(root, 'settings')
  }
}

/** Anything that is faithful. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('~', 'd', '\ud800', '"', '\\', '\u0000') }),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, Number.NaN, Infinity),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.oneof(fc.uint8Array(), fc.int16Array(), fc.float64Array(), fc.bigInt64Array()),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'toJSON', 'then')),
      tie('value'),
      { maxKeys: 5, noNullPrototype: false },
    ),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => new Set(values)),
    fc
      .tuple(fc.constantFrom(Error, TypeError, RangeError), fc.string(), tie('value'))
      .map(([Class, message, cause]) => new Class(message, { cause })),
  ),
})).value
