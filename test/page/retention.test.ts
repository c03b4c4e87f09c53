import { expect, it } from 'vitest'
import { startWorker } from '../support/processes.js'
import { until } from '../support/until.js'
import type { RetentionService } from './retention.worker.js'

/** What a miss may leave behind besides its page: what is remembered of a URL. Its page is four times as large. */
const PER_MISS = 5_000
const MISSES = 2_000
const file = new URL('./retention.worker.ts', import.meta.url)

it.each(['expressMiddleware', 'expressListener', 'fastifyHook'] as const)(
  'a miss leaves nothing in the heap but its page, and that while it is kept: %s',
  async (kind) => {
    await using worker = await startWorker<RetentionService>(file, { nodeArgs: ['--expose-gc'] })
    const { open, visit, left } = worker.call
    await open(kind)
    // By then the store is full, and the code is compiled.
    await visit(0, 500)
    const before = await left()
    expect(await visit(500, MISSES)).toEqual([MISSES, MISSES])
    // What has been collected is given back a moment later, and the connection that stays open has its last request.
    await until('nothing is left but what is kept', async () => {
      const after = await left()
      return after.bytes - before.bytes < MISSES * PER_MISS && after.requests < 5
    })
  },
  // Ten seconds on a busy machine, and what `until` waits.
  120_000,
)
