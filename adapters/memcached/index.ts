export { memcachedStore } from './store.js'
export type { MemcachedStoreOptions } from './options.js'
export type { MemcachedServer, MemcachedTarget } from './target.js'
export type { MemjsClient, MemjsServer } from './memjs.js'
