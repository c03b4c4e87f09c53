/** How each page was answered, noted while it is made: its foot says so, and the demo's table adds it up. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database } from './database/database.ts'
import type { Answer } from './views/layout.ts'

interface Trace {
  readonly startedAt: number
  queries: number
  from: Answer['from']
}

const traces = new AsyncLocalStorage<Trace>()

/** Runs `make`, which can ask at its end how the answer came about. */
export function traced<Value>(make: (answer: () => Omit<Answer, 'store'>) => Value): Value {
  const trace: Trace = { startedAt: performance.now(), queries: 0, from: 'hit' }
  return traces.run(trace, make, () => ({
    from: trace.from,
    queries: trace.queries,
    milliseconds: performance.now() - trace.startedAt,
  }))
}

/** A page is as good as the worst of its reads. */
export function noteRead(state: Answer['from']): void {
  const trace = traces.getStore()
  if (trace === undefined || state === 'hit') return
  if (trace.from !== 'miss') trace.from = state
}

/** The same database, whose queries count for the page that asked them. */
export function tracedDatabase(database: Database): Database {
  return {
    name: database.name,
    get queries() {
      return database.queries
    },
    query: (sql, params) => {
      const trace = traces.getStore()
      if (trace !== undefined) trace.queries++
      return database.query(sql, params)
    },
    close: () => database.close(),
  }
}
