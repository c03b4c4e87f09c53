import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namesIn } from '../../adapters/redis/names.js'
import { slotOf } from '../../adapters/redis/slot.js'
import { type RedisServer, startRedis } from '../support/servers/index.js'

describe('slotOf', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ args: ['--cluster-enabled', 'yes'] })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each([
    '123456789',
    'kf:shop:e:{a}',
    '{a}b{c}',
    'a{}b{c}',
    'a{b',
    'a}b{c}d',
    '{{a}}',
    '',
    'prefix-é-✓:{a}',
    'é✓',
  ])('agrees with the server about %o', async (key) => {
    expect(slotOf(key)).toBe(await server.command('CLUSTER', 'KEYSLOT', key))
  })
})

describe('names', () => {
  test('an entry and its lease share a slot', () => {
    const names = namesIn('kf:', 'shop', true)
    for (let n = 0; n < 100; n++) {
      expect(slotOf(names.lease(`k${n}`))).toBe(slotOf(names.entry(`k${n}`)))
    }
  })

  test('in a cluster each stripe of 256 slots has its own version of the namespace, inside it', () => {
    const names = namesIn('kf:', 'shop', true)
    expect(names.spaces).toHaveLength(64)
    for (let slot = 0; slot < 16_384; slot++) {
      expect(slotOf(names.space(slot)) >> 8).toBe(slot >> 8)
      expect(names.isSpace(names.space(slot))).toBe(true)
    }
  })

  test('a hash tag in the prefix puts everything into one slot', () => {
    const names = namesIn('{app}:', 'shop', true)
    const all = [names.entry('k'), names.lease('k'), names.tag('t'), ...names.spaces]
    expect(new Set(all.map(slotOf)).size).toBe(1)
    expect(names.spaces).toHaveLength(1)
  })

  test('on one server there is one version of the namespace', () => {
    const names = namesIn('kf:', 'shop', false)
    expect(names.spaces).toEqual(['kf:shop:s'])
    expect(names.space(0)).toBe('kf:shop:s')
  })

  test('a pattern for entries takes the prefix as it is', () => {
    expect(namesIn('a*b?[c]:', 'shop', false).entries).toBe('a\\*b\\?\\[c\\]:shop:e:{*')
  })
})
