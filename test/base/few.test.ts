import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Few } from '../../src/base/few.js'

const key = fc.integer({ min: 0, max: 40 }).map((n) => `key:${n}`)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set'), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear'), key }) },
)

test('is a map, whether it holds few or many', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const few = new Few<number>()
      const map = new Map<string, number>()
      steps.forEach(({ do: what, key: name }, n) => {
        if (what === 'set') {
          few.set(name, n)
          map.set(name, n)
        } else if (what === 'delete') {
          expect(few.delete(name)).toBe(map.delete(name))
        } else if (n % 4 === 0) {
          few.clear()
          map.clear()
        }
        expect(few.size).toBe(map.size)
        expect(few.get(name)).toBe(map.get(name))
        expect(few.has(name)).toBe(map.has(name))
      })
      expect(few.values().toSorted((a, b) => a - b)).toEqual(
        [...map.values()].toSorted((a, b) => a - b),
      )
    }),
  )
})
