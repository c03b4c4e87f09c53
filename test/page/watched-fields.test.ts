import { describe, expect, it } from 'vitest'
import { watchFields } from '../../src/page/watched-fields.js'

const fields = { 'x-first': '1', 'x-second': '2', 'x-third': '3', host: 'shop.test' }

function watched() {
  const names: string[] = []
  let all = 0
  let counts = true
  const watching = watchFields<Record<string, string>>(
    { ...fields },
    {
      counts: () => counts,
      onName: (name) => names.push(name),
      onAll: () => all++,
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
    ['names, and then each', (seen) => Object.keys(seen).map((name) => seen[name])],
    [
      'a loop that leaves some out and looks twice at others',
      (seen) => {
        const kept: Record<string, string | undefined> = {}
        for (const name in seen) {
          if (name !== 'x-first' && seen[name] !== '') kept[name] = seen[name]
        }
        return kept
      },
    ],
  ])('tell apart going through all of them: %s', (_, go) => {
    const { seen, names, all } = watched()
    go(seen)
    expect(all()).toBe(1)
    // `Headers` and `JSON` look for a way of their own first.
    expect(names().filter((name) => name.startsWith('x-'))).toEqual([])
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
