import type { Queries } from '../../src/query/index.js'

/** Who is told of writes outside the application: what `createQueries` made, or a part of it. */
export interface ChangeSink {
  readonly changed: (
    changes: Parameters<Queries['changed']>[0],
    reason?: string,
  ) => Promise<unknown>
  readonly changedAll: (reason: string) => Promise<unknown>
}
