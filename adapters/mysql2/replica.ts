import type { Pool } from 'mysql2'
import type { Pool as PromisedPool } from 'mysql2/promise'
import { invalidOption } from '../../src/base/errors.js'
import type { Execute, ReplicaOptions } from '../../src/query/index.js'
import type { Call } from './call.js'
import type { CorePool, PromisePool } from './core.js'
import { answerTo, plainAnswer, type Answer } from './result.js'

/** A replica that loads may ask. */
export interface PoolReplica extends Pick<ReplicaOptions, 'holdOff'> {
  /**
   * A pool of connections to replicas of the same database, with the same options and as the same user, that nothing else uses: the state of
   * its sessions is not followed.
   */
  readonly pool: Pool | PromisedPool
  /** Told when a replica could not answer, and the primary was asked instead. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Loads from a replica where that is allowed, else, and when it cannot answer, from the primary. */
export function loadFrom(
  given: Pool | PromisedPool | PoolReplica,
  primary: (call: Call) => Execute<Answer>,
): { readonly load: (call: Call) => Execute<Answer>; readonly options: ReplicaOptions } {
  const { pool, holdOff, onError } = settingsOf(given)
  const { pool: inner } = pool as unknown as Partial<PromisePool>
  const core = inner ?? (pool as unknown as CorePool)
  const send = ({ method, sql, values, options }: Call): Promise<Answer> =>
    answerTo((done) => core[method]({ ...options, sql, values }, done))
  return {
    options: { holdOff },
    load: (call) => async (context) => {
      if (context.from === 'primary') return primary(call)(context)
      try {
        return plainAnswer(await send(call))
      } catch (error) {
        onError?.(error)
        return primary(call)(context)
      }
    },
  }
}

function settingsOf(given: Pool | PromisedPool | PoolReplica): PoolReplica {
  const settings = typeof (given as Partial<Pool> | null)?.getConnection === 'function'
  const resolved = settings ? { pool: given as Pool } : (given as PoolReplica)
  if (typeof (resolved?.pool as Partial<Pool> | undefined)?.getConnection !== 'function')
    throw invalidOption('replica', 'a pool of mysql2, or an object with one as `pool`', given)
  return resolved
}
