import type { TableChange } from '../../src/query/index.js'
import type { ChangeSink } from './sink.js'
import type { OutsideEvent } from './events.js'

/** What became of a change: it holds in this process, and everywhere when `delivered` resolves. */
export interface Passed {
  /** Undefined when it has been delivered. Rejects when the cache is closed first. */
  readonly delivered: Promise<void> | undefined
}

/** Passes changes on, in order, those that come while others are under way together. */
export interface Feed {
  /** Resolves when everything that was given before, and this, has been invalidated. */
  changed(change: TableChange): Promise<Passed>
  changedAll(reason: string): Promise<Passed>
  /** Waits for what is under way. */
  idle(): Promise<void>
}

/** More than this in one go is no longer told apart. */
const MOST_CHANGES = 10_000
const RETRY_MS = 1_000

interface Batch {
  readonly changes: TableChange[]
  all: string | undefined
  readonly done: PromiseWithResolvers<Passed>
}

/** @param signal Ends the attempts to deliver what could not be delivered. */
export function createFeed(
  sink: ChangeSink,
  tell: (event: OutsideEvent) => void,
  signal: AbortSignal,
): Feed {
  let waiting: Batch | undefined
  let running: Promise<void> | undefined

  async function deliver({ changes, all }: Batch): Promise<Passed> {
    let reason = all ?? (changes.length > MOST_CHANGES ? 'too many changes' : undefined)
    while (!signal.aborted) {
      const begunAt = performance.now()
      try {
        if (reason === undefined) {
          const passed = passedBy(await sink.changed(changes))
          tell({ type: 'changed', changes, ms: performance.now() - begunAt })
          return passed
        }
        const passed = passedBy(await sink.changedAll(reason))
        tell({ type: 'changed-all', reason })
        return passed
      } catch (error) {
        tell({ type: 'error', error })
        // Some of it may have been done; "anything" needs no memory of what.
        reason = 'an invalidation failed'
        await later(signal)
      }
    }
    return { delivered: Promise.reject(signal.reason) }
  }

  async function run(): Promise<void> {
    // What arrived in one piece is taken together.
    await Promise.resolve()
    while (waiting !== undefined) {
      const batch = waiting
      waiting = undefined
      const passed = await deliver(batch)
      passed.delivered?.catch(() => {})
      batch.done.resolve(passed)
    }
    running = undefined
  }

  function add(put: (batch: Batch) => void): Promise<Passed> {
    waiting ??= { changes: [], all: undefined, done: Promise.withResolvers() }
    put(waiting)
    const { promise } = waiting.done
    running ??= run()
    return promise
  }

  return {
    changed: (change) => add((batch) => batch.changes.push(change)),
    changedAll: (reason) => add((batch) => (batch.all = reason)),
    idle: () => running ?? Promise.resolve(),
  }
}

/** A receipt of the cache says whether a store could not be reached; whoever gives none has delivered. */
function passedBy(receipt: unknown): Passed {
  const { pending, delivered } = (receipt ?? {}) as {
    readonly pending?: boolean
    readonly delivered?: Promise<void>
  }
  return { delivered: pending === true ? delivered : undefined }
}

function later(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, RETRY_MS)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
