import { missingPeer } from '../../src/base/peer.js'
import type { RedisModule } from './client.js'

/**
 * The `ioredis` that the application has installed, loaded when a connection is first needed.
 *
 * @throws {CacheError} `CACHE_PEER_MISSING` when it is not installed.
 */
export async function loadIoredis(): Promise<RedisModule> {
  try {
    return await import('ioredis')
  } catch (cause) {
    throw missingPeer(
      'redisStore needs the package ioredis, version 5 or 6: npm install ioredis',
      cause,
    )
  }
}
