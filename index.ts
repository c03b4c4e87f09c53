import { memoryStore } from './adapters/memory/index.js'
import { assertRuntime } from './src/base/runtime.js'
import { Cache } from './src/cache/cache.js'
import type { CacheOptions } from './src/cache/options.js'

/**
 * Makes a cache. Works with no option: process memory, bounded, five minutes of freshness.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value, for a wrong or unknown one; `CACHE_UNSUPPORTED` where
 *   Node is older than 22.
 */
export function createCache(options: CacheOptions = {}): Cache {
  assertRuntime()
  return new Cache({ ...options, tiers: options.tiers ?? [memoryStore()] })
}

export { Cache } from './src/cache/cache.js'
export { collect } from './src/cache/scope.js'
export { CacheError } from './src/base/errors.js'

export type { GetOptions, IncrementOptions, ManyOptions, WrapOptions } from './src/cache/cache.js'
export type { Receipt } from './src/cache/change.js'
export type { LoaderContext } from './src/cache/context.js'
export type { CacheEventName, CacheEvents, CacheStats, ReadState } from './src/cache/events.js'
export type { Inspection, TierInspection } from './src/cache/inspect.js'
export type { ManyContext, ManyLoader, ManyResult } from './src/cache/many.js'
export type {
  AuditOptions,
  CacheOptions,
  GetOrSetOptions,
  KeepOptions,
  LifetimeOptions,
} from './src/cache/options.js'
export type { Answer } from './src/cache/answer.js'
export type { Loader } from './src/cache/reading.js'
export type { WarmOptions, WarmResult, Warming } from './src/cache/warm.js'
export type { Dependencies } from './src/cache/scope.js'
export type { Duration } from './src/base/duration.js'
export type { CacheErrorCode } from './src/base/errors.js'
export type { Key } from './src/base/stable-key.js'
export type { ByteSize } from './src/base/byte-size.js'
export type { Codec } from './src/store/codec.js'
export type { CompressionOptions } from './src/store/compression.js'
export type { EncryptionKey, EncryptionOptions } from './src/store/encryption.js'
export type { Bus, BusSource, Store, StoreContext } from './src/store/store.js'
