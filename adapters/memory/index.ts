export { memoryStore } from './memory-store.js'
export type { MemoryPolicy } from './bounded-map.js'
export type { ByteSize, MemoryStoreOptions } from './options.js'
