import { expect, test } from 'vitest'
import { Ring, type RingMember } from '../../adapters/memcached/ring.js'

const KEYS = Array.from({ length: 10_000 }, (_, n) => `key-${n}`)

const member = (name: string, weight = 1): RingMember => ({ name, weight })
const five = Array.from({ length: 5 }, (_, n) => member(`10.0.0.${n + 1}:11211`))

/** Which member each key belongs to, by name. */
const places = (members: readonly RingMember[]): string[] => {
  const ring = new Ring(members)
  return KEYS.map((key) => ring.of(key).name)
}

const shareOf = (name: string, of: readonly string[]): number =>
  of.filter((each) => each === name).length / of.length

test('gives every key to the only member', () => {
  expect(new Set(places([member('a:1')]))).toEqual(new Set(['a:1']))
})

test('does not mind the order of the list', () => {
  expect(places(five.toReversed())).toEqual(places(five))
  expect(places([five[2]!, five[0]!, five[4]!, five[1]!, five[3]!])).toEqual(places(five))
})

test('gives each member about the same share', () => {
  const all = places(five)
  for (const { name } of five) {
    expect(shareOf(name, all)).toBeGreaterThan(0.2 * 0.75)
    expect(shareOf(name, all)).toBeLessThan(0.2 * 1.25)
  }
})

test('gives a member of twice the weight twice the share', () => {
  const all = places([member('a:1', 2), member('b:1'), member('c:1')])
  expect(shareOf('a:1', all)).toBeGreaterThan(0.42)
  expect(shareOf('a:1', all)).toBeLessThan(0.58)
})

test('moves about 1/n of the keys to a new member, and none between the others', () => {
  const before = places(five)
  const after = places([...five, member('10.0.0.6:11211')])
  const destinations = after.filter((name, n) => name !== before[n])
  expect(new Set(destinations)).toEqual(new Set(['10.0.0.6:11211']))
  expect(destinations.length / KEYS.length).toBeGreaterThan((1 / 6) * 0.75)
  expect(destinations.length / KEYS.length).toBeLessThan((1 / 6) * 1.25)
})

test('moves only the keys of a member that is taken away', () => {
  const before = places(five)
  const after = places(five.slice(1))
  const moved = before.filter((name, n) => name !== after[n])
  expect(new Set(moved)).toEqual(new Set([five[0]!.name]))
})

// Another place for a key would be a cache that starts empty with the release that brings it.
test('has always had these places', () => {
  const ring = new Ring(five)
  const keys = ['a', 'b', 'user:5', 'user:6', 'x'.repeat(180)]
  expect(keys.map((key) => ring.of(key).name)).toMatchInlineSnapshot(`
    [
      "10.0.0.1:11211",
      "10.0.0.1:11211",
      "10.0.0.3:11211",
      "10.0.0.5:11211",
      "10.0.0.4:11211",
    ]
  `)
})
