import { describe, expect, it } from 'vitest'
import { watchFields } from '../../src/page/watched-fields.js'

const fields = { 'x-first': '1', 'x-second': '2', 'x-third': '3', host: 'shop.test' }

function watched(more: Record<string, string> = {}) {
  const names: string[] = []
  let all = 0
  let unclear = false
  let counts = true
  const watching = watchFields<Record<string, string>>(
    { ...more, ...fields },
    {
      counts: () => counts,
      isNamed: (name) => names.includes(name),
      onName: (name) => names.push(name),
      onAll: () => all++,
      onUnclear: () => {
        unclear = true
      },
      onWrite: () => {},
    },
  )
  return {
    seen: watching.fields,
    names: () => {
      watching.settle()
      return names
    },
    all: () => all,
    unclear: () => {
      watching.settle()
      return unclear
    },
    stop: () => {
      counts = false
    },
  }
}

describe('watched fields', () => {
  it('tell what was asked for by name, there or not', () => {
    const { seen, names, all } = watched()
    void seen['x-second']
    void ('x-absent' in seen)
    void Object.hasOwn(seen, 'x-first')
    expect([names(), all()]).toEqual([['x-second', 'x-absent', 'x-first'], 0])
  })

  it.each<[string, (seen: Record<string, string>) => unknown]>([
    ['a copy', (seen) => ({ ...seen })],
    ['Object.assign', (seen) => Object.assign({}, seen)],
    ['Object.entries', (seen) => Object.entries(seen)],
    ['JSON', (seen) => JSON.stringify(seen)],
    ['Headers of fetch', (seen) => [...new Headers(seen)]],
    [
      'a loop that looks twice',
      (seen) => {
        const kept: Record<string, string | undefined> = {}
        for (const name in seen) if (seen[name] !== '') kept[name] = seen[name]
        return kept
      },
    ],
    [
      'a loop with a guard',
      (seen) => {
        const kept: Record<string, string | undefined> = {}
        for (const name in seen) if (Object.hasOwn(seen, name)) kept[name] = seen[name]
        return kept
      },
    ],
  ])('tell apart going through all of them: %s', (_, go) => {
    const { seen, names, all, unclear } = watched()
    go(seen)
    expect([all(), names(), unclear()]).toEqual([1, [], false])
  })

  it('tell apart what a copy leaves out', () => {
    const { seen, names, unclear } = watched()
    const { host: _host, 'x-first': first, ...rest } = seen
    expect([first, rest]).toEqual(['1', { 'x-second': '2', 'x-third': '3' }])
    expect([names(), unclear()]).toEqual([['host', 'x-first'], false])
  })

  it('tell apart a log that leaves out who asks', () => {
    const { seen, names, unclear } = watched({ cookie: 'id=ann' })
    const log: Record<string, string | undefined> = {}
    for (const name in seen) log[name] = name === 'cookie' ? 'hidden' : seen[name]
    expect([names(), unclear()]).toEqual([[], false])
  })

  const many = { a: '1', b: '2', c: '3', d: '4' }

  it.each<[string, (seen: Record<string, string>) => unknown]>([
    ['in their order', (seen) => Object.keys(seen).map((name) => seen[name])],
    [
      'from the last',
      (seen) =>
        Object.keys(seen)
          .toReversed()
          .map((name) => seen[name]),
    ],
    ['without descriptors', (seen) => Object.getOwnPropertyNames(seen).map((name) => seen[name])],
  ])('tell apart going through the values of many behind their names: %s', (_, go) => {
    const enough = watched(many)
    go(enough.seen)
    expect([enough.names(), enough.unclear()]).toEqual([[], false])
    const few = watched()
    go(few.seen)
    expect([new Set(few.names()), few.unclear()]).toEqual([new Set(Object.keys(fields)), true])
  })

  it.each<[string, (seen: Record<string, string>) => unknown]>([
    [
      'another name in between',
      (seen) => Object.keys(seen).map((name, at) => [at === 3 && seen['x-absent'], seen[name]]),
    ],
    [
      'a question whether one is there',
      (seen) => Object.keys(seen).map((name, at) => [at === 3 && 'x-third' in seen, seen[name]]),
    ],
    ['another order', (seen) => ['b', ...Object.keys(seen)].map((name) => seen[name])],
    ['one left out', (seen) => Object.keys(seen).map((name) => name !== 'd' && seen[name])],
    [
      'another order from the second on',
      (seen) => {
        const listed = Object.keys(seen)
        return listed.map((name, at) => seen[at % 2 === 0 ? name : listed.at(-1 - at)!])
      },
    ],
    [
      'a loop that stops, and all in their order',
      (seen) => {
        const order = Object.keys(fields)
        for (const name in seen) if (name === 'a') break
        for (const name of ['a', 'b', 'c', 'd', 'e', ...order]) void seen[name]
      },
    ],
    [
      'a loop that leaves out the last',
      (seen) => {
        for (const name in seen) if (name !== 'host') void seen[name]
      },
    ],
  ])('say that it is unclear whether nearly all were asked for by name: %s', (_, go) => {
    const { seen, unclear } = watched({ ...many, e: '5' })
    go(seen)
    expect(unclear()).toBe(true)
  })

  it.each<[string, (seen: Record<string, string>) => unknown]>([
    ['some of them', (seen) => JSON.stringify(seen, ['x-first'])],
    ['all of them', (seen) => JSON.stringify(seen)],
  ])('do not take one going through %s for another', (_, go) => {
    const { seen, unclear } = watched()
    go(seen)
    for (const name of Object.keys(seen)) void seen[name]
    expect(unclear()).toBe(true)
  })

  it('are clear where what is asked for is not there', () => {
    const { seen, names, unclear } = watched()
    Object.keys(seen)
    for (const name of ['one', 'two', 'three', 'four']) void seen[name]
    expect([names(), unclear()]).toEqual([['one', 'two', 'three', 'four'], false])
  })

  it('take values that are asked for later for asked by name', async () => {
    const { seen, names, unclear } = watched(many)
    const listed = Object.keys(seen)
    await Promise.resolve()
    for (const name of listed) void seen[name]
    expect([new Set(names()), unclear()]).toEqual([new Set(listed), true])
  })

  it('take a name that is not lower-case for that of no field', () => {
    const { seen, names } = watched()
    void [seen['X-First'], seen['toJSON'], Object.hasOwn(seen, 'Host')]
    expect(names()).toEqual([])
  })

  it('tell what is asked for by name after that', () => {
    const { seen, names } = watched()
    void { ...seen }
    void seen['x-third']
    void seen['x-absent']
    expect(names()).toEqual(['x-third', 'x-absent'])
  })

  it.each<[string, (seen: Record<string, string>) => unknown, readonly string[]]>([
    ['the names alone', (seen) => Object.keys(seen).length, []],
    [
      'the names alone, and then one',
      (seen) => [Object.keys(seen), seen['x-second']],
      ['x-second'],
    ],
    [
      'the names alone, and then some in their order',
      (seen) => [Object.keys(seen), seen['x-first'], seen['x-third']],
      ['x-first', 'x-third'],
    ],
    [
      'the names in a loop that looks for one',
      (seen) => {
        for (const name in seen) if (name === 'x-second') return seen[name]
        return undefined
      },
      ['x-second'],
    ],
    [
      'the names twice, and one in between',
      (seen) => [Object.keys(seen), seen['x-first'], Object.entries(seen)],
      ['x-first'],
    ],
  ])('take what was asked for after %s for asked by name', (_, go, expected) => {
    const { seen, names, all } = watched()
    go(seen)
    expect(all()).toBeGreaterThan(0)
    expect(names()).toEqual(expect.arrayContaining([...expected]))
    expect(new Set(names()).size).toBeLessThanOrEqual(2)
  })

  it('tell nothing of what does not count', () => {
    const { seen, names, all, stop } = watched()
    stop()
    void [Object.keys(seen), seen['x-first'], 'x-second' in seen, { ...seen }]
    expect([names(), all()]).toEqual([[], 0])
  })
})
