import type { Queries } from '../../src/query/index.js'

/** Keeps loads from beginning until `gate` is resolved; `asked` resolves when the first one wants to. `off` ends it. */
export function holdLoads(queries: Pick<Queries, 'use'>): {
  readonly asked: PromiseWithResolvers<void>
  readonly gate: PromiseWithResolvers<void>
  readonly off: () => void
} {
  const asked = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const off = queries.use({
    async beforeLoad() {
      asked.resolve()
      await gate.promise
      return undefined
    },
  })
  return { asked, gate, off }
}
