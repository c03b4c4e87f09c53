import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cache } from '../../index.js'
import { defineObject } from '../../src/object/index.js'
import { describeTierings } from '../cache/tierings.js'

/**
 * Random trees of cached parts over rows of a database that change: whatever is kept equals what would be assembled from the rows
 * as they are, or is absent. A node reads some rows by itself and some other nodes; rows are invalidated by their tags only.
 */
interface Node {
  readonly rows: readonly number[]
  readonly late: boolean
  readonly children: readonly number[]
}

type Action =
  { readonly read: number } | { readonly change: number } | { readonly together: readonly number[] }

const ROWS = 4
const NODES = 5

const nodes: fc.Arbitrary<Node[]> = fc
  .array(
    fc.record({
      rows: fc.uniqueArray(fc.nat(ROWS - 1), { maxLength: 2 }),
      late: fc.boolean(),
      children: fc.uniqueArray(fc.nat(NODES - 1), { maxLength: 3 }),
    }),
    { minLength: NODES, maxLength: NODES },
  )
  // A node has only later ones as children, so that there is no circle.
  .map((made) =>
    made.map((node, index) => ({
      ...node,
      children: node.children.filter((child) => child > index),
    })),
  )

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ read: fc.nat(NODES - 1) }),
    fc.record({ change: fc.nat(ROWS - 1) }),
    fc.record({ together: fc.array(fc.nat(NODES - 1), { minLength: 2, maxLength: 4 }) }),
  ),
  { minLength: 5, maxLength: 25 },
)

interface World {
  readonly truth: (index: number) => unknown
  readonly read: (index: number) => Promise<unknown>
  readonly kept: (index: number) => Promise<unknown>
  readonly change: (row: number) => Promise<void>
}

function world(cache: Cache, tree: readonly Node[]): World {
  const rows = Array.from({ length: ROWS }, () => 0)
  const truth = (index: number): unknown => ({
    rows: tree[index]!.rows.map((row) => rows[row]),
    children: tree[index]!.children.map(truth),
  })
  const parts = defineObject(cache, 'Row', {
    parts: { value: { load: (row: number) => rows[row], tags: (row) => [`row:${row}`] } },
  })
  const read = (index: number): Promise<unknown> => {
    const node = tree[index]!
    return cache.getOrSet(
      ['node', index],
      async (ctx) => {
        const children = await Promise.all(node.children.map(read))
        // One row is read as an object, whose tag is inherited; the others by this node itself.
        const [first, ...others] = node.rows
        const values: unknown[] = first === undefined ? [] : [(await parts.get(first))!.value]
        if (node.late) ctx.tag(...others.map((row) => `row:${row}`))
        for (const row of others) values.push(rows[row])
        return { rows: values, children }
      },
      node.late ? {} : { tags: node.rows.slice(1).map((row) => `row:${row}`) },
    )
  }
  return {
    truth,
    read,
    kept: (index: number) => cache.get(['node', index]),
    change: async (row) => {
      rows[row]!++
      await cache.invalidateTags(`row:${row}`)
    },
  }
}

describe('a kept tree', () => {
  describeTierings('over', ({ open, fresh, name }) => {
    it('equals the truth, or is absent', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(nodes, actions, async (tree, steps) => {
          fresh()
          await using cache = open()
          const { truth, read, kept, change } = world(cache, tree)
          for (const step of steps) {
            if ('change' in step) await change(step.change)
            else if ('read' in step) expect(await read(step.read)).toEqual(truth(step.read))
            else {
              const answers = await Promise.all(step.together.map(read))
              expect(answers).toEqual(step.together.map(truth))
            }
            for (let index = 0; index < NODES; index++) {
              const value = await kept(index)
              if (value !== undefined) expect(value).toEqual(truth(index))
            }
          }
        }),
        { numRuns: name === 'memory' ? 300 : 15, seed: 20_260_101 },
      )
    })
  })
})
