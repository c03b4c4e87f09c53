export { memoryStore } from './memory-store.js'
export type { MemoryPolicy } from './bounded-map.js'
export type { ByteSize } from '../../src/base/byte-size.js'
export type { MemoryStoreOptions } from './options.js'
