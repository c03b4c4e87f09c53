import { expect, test } from 'vitest'
import { memcachedStore } from '../../adapters/memcached/index.js'
import { serversOf, type MemcachedTarget } from '../../adapters/memcached/target.js'

const namesOf = (target: MemcachedTarget) =>
  serversOf(target, { username: undefined, password: undefined }).map(({ name }) => name)

test.each<[MemcachedTarget, string[]]>([
  ['cache-1', ['cache-1:11211']],
  ['cache-1:11212', ['cache-1:11212']],
  ['cache-1:11211,cache-2:11211', ['cache-1:11211', 'cache-2:11211']],
  ['cache-1, cache-2:1', ['cache-1:11211', 'cache-2:1']],
  ['ann:se:cret@cache-1', ['cache-1:11211']],
  ['[::1]:11212', ['[::1]:11212']],
  ['[::1]', ['[::1]:11211']],
  ['fe80::1', ['[fe80::1]:11211']],
  [
    ['cache-1', 'cache-2:1,cache-3'],
    ['cache-1:11211', 'cache-2:1', 'cache-3:11211'],
  ],
  [
    [{ host: 'cache-1' }, { host: '::1', port: 5, weight: 2 }],
    ['cache-1:11211', '[::1]:5'],
  ],
])('understands %j', (target, names) => {
  expect(namesOf(target)).toEqual(names)
})

test.each([
  [''],
  [','],
  ['cache-1,'],
  ['cache-1:port'],
  ['cache-1:0'],
  ['cache-1:70000'],
  ['ann@cache-1'],
  ['cache-1,cache-1:11211'],
  [[]],
  [[{ host: '' }]],
  [[{ host: 'cache-1', weight: 0 }]],
  [[{ host: 'cache-1', weight: Infinity }]],
  [[null]],
  [null],
  [{}],
  [11211],
  [{ servers: [] }],
  [{ servers: [{}] }],
])('refuses %j, naming the option', (target) => {
  const make = () => memcachedStore(target as never)
  expect(make).toThrow(
    expect.objectContaining({
      code: 'CACHE_OPTION_INVALID',
      option: expect.stringContaining('target'),
    }),
  )
})

test.each([
  ['deadline', { deadline: 0 }],
  ['deadline', { deadline: '5 parsecs' }],
  ['connectTimeout', { connectTimeout: Infinity }],
  ['prefix', { prefix: 'with space' }],
  ['prefix', { prefix: 'x'.repeat(41) }],
  ['username', { username: 5, password: 'secret' }],
  ['password', { username: 'ann' }],
  ['username', { password: 'secret' }],
  ['options', null],
])('refuses a wrong %s', (option, options) => {
  expect(() => memcachedStore('cache-1', options as never)).toThrow(
    expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option }),
  )
})

test('does not show a password in an error', () => {
  expect(() => memcachedStore('ann:secret@cache-1:port')).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('secret') }),
  )
})

test('takes a target that an environment does not set', () => {
  expect(memcachedStore(undefined).name).toBe('memcached')
})
