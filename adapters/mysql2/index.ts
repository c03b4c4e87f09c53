export { cachedPool } from './pool.js'
export type { CachedPool, CachedPoolOptions } from './pool.js'
export type { StatementOptions } from './call.js'
export type { PoolReplica } from './replica.js'
