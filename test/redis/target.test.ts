import { describe, expect, test, vi } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { planFor, type RedisTarget } from '../../adapters/redis/target.js'
import { parseUrl } from '../../adapters/redis/url.js'
import { opened } from './opened.js'

describe('a target of redisStore', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379 }],
    ['redis://10.0.0.1:7000/3', { host: '10.0.0.1', port: 7000, db: 3 }],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }],
    ['redis://:s%40cret@h', { host: 'h', port: 6379, password: 's@cret' }],
    ['redis://secret@h', { host: 'h', port: 6379, password: 'secret' }],
    ['redis://u:p:p@h', { host: 'h', port: 6379, username: 'u', password: 'p:p' }],
    ['redis://h?db=2', { host: 'h', port: 6379, db: 2 }],
    ['rediss://h', { host: 'h', port: 6379, tls: {} }],
    ['unix:///run/redis.sock?db=1', { path: '/run/redis.sock', db: 1 }],
    [
      'redis+sentinel://:p@a,b:1/main/2',
      {
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 1 },
        ],
        name: 'main',
        password: 'p',
        db: 2,
      },
    ],
    [
      'rediss+cluster://u:p@a:1,b:2',
      {
        cluster: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        redisOptions: { username: 'u', password: 'p', tls: {} },
      },
    ],
  ])('%s', (url, expected) => {
    expect(parseUrl(url)).toEqual(expected)
  })

  test.each([
    'localhost',
    'localhost:6379',
    'http://h',
    'redis://',
    'redis://h:0',
    'redis://h:99999',
    'redis://a,b',
    'redis://h/x',
    'redis+sentinel://a:1',
    'unix://h/path',
    '',
  ])('%s is refused', (url) => {
    expect(() => redisStore(url)).toThrow(
      expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option: 'redisStore(target)' }),
    )
  })

  test('never shows a password in a message', () => {
    expect(() => redisStore('redis://u:secret@h:port')).not.toThrow(/secret/)
    expect(() => redisStore('redis://u:secret@h:port')).toThrow(/\*\*\*@h:port/)
  })

  test.each([
    [undefined, '127.0.0.1:6379'],
    ['/run/redis.sock', '/run/redis.sock'],
    [{}, '127.0.0.1:6379'],
    [{ host: 'h', port: 1 }, 'h:1'],
    [{ sentinels: [{ host: 'a' }], name: 'main' }, 'main'],
  ] satisfies [RedisTarget, string][])('%o is one server', (target, server) => {
    expect(planFor(target)).toMatchObject({ kind: 'one', server })
  })

  test.each([
    [[{ host: 'a', port: 1 }, 'b:2', 'redis://c:3', 4]],
    [{ cluster: [{ host: 'a', port: 1 }, 'b:2', 'redis://c:3', 4] }],
  ] satisfies [RedisTarget][])('%o is a cluster', (target) => {
    const plan = planFor(target)
    expect(plan).toMatchObject({
      kind: 'cluster',
      seeds: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 3 },
        { host: '127.0.0.1', port: 4 },
      ],
    })
  })

  test.each([
    [null],
    [6379],
    [[]],
    [{ cluster: [] }],
    [{ cluster: ['redis+cluster://a'] }],
    [{ sentinels: [], name: 'main' }],
    [{ sentinels: [{ host: 'a' }] }],
    [{ port: 'x' }],
  ])('%o is refused', (target) => {
    expect(() => redisStore(target as RedisTarget)).toThrow(
      expect.objectContaining({ code: 'CACHE_OPTION_INVALID' }),
    )
  })

  test.each([
    ['deadline', '1x'],
    ['deadline', 0],
    ['deadline', Infinity],
    ['connectTimeout', -1],
    ['heartbeat', NaN],
    ['retryAtMost', 'soon'],
    ['failures', 0],
    ['failures', 1.5],
    ['prefix', 7],
    ['timeout', 250],
  ])('option %s of %o is refused', (option, value) => {
    expect(() => redisStore('redis://h', { [option]: value })).toThrow(
      expect.objectContaining({ code: 'CACHE_OPTION_INVALID', option }),
    )
  })
})

test('a missing ioredis is named when it is needed, and not before', async () => {
  vi.doMock('ioredis', () => {
    throw new Error('Cannot find package')
  })
  try {
    await using opening = opened(redisStore('redis://localhost'))
    await expect(opening.store.read(['k'], [])).rejects.toMatchObject({
      code: 'CACHE_PEER_MISSING',
      message: expect.stringContaining('npm install ioredis') as unknown,
    })
  } finally {
    vi.doUnmock('ioredis')
  }
})
