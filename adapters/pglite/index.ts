export { cachedPglite } from './database.js'
export type { CachedPglite, CachedPgliteOptions, PgliteQueryOptions } from './database.js'
