export { cachedPool, type CachedPool, type CachedPoolOptions } from './pool.js'
export type { PoolReplica } from './replica.js'
