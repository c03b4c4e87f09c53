export { cachedPool, type CachedPool, type CachedPoolOptions } from './pool.js'
