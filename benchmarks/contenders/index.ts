import type { Contender } from '../lib/contender.js'
import { asyncCacheDedupe } from './async-cache-dedupe.js'
import { bentocache } from './bentocache.js'
import { cacheManager } from './cache-manager.js'
import { cacheable } from './cacheable.js'
import { byHand, queries } from './cached-pool.js'
import { cachified } from './cachified.js'
import { ioredis } from './ioredis.js'
import { keepfresh } from './keepfresh.js'
import { layeredLoader } from './layered-loader.js'
import { leases } from './leases.js'
import { lruCache } from './lru-cache.js'
import { memjs } from './memjs.js'

/** Ours, the floors, and those that a reader may know instead. */
export const CONTENDERS: readonly Contender[] = [
  keepfresh,
  queries,
  byHand,
  lruCache,
  ioredis,
  leases,
  memjs,
  layeredLoader,
  cachified,
  asyncCacheDedupe,
  cacheManager,
  cacheable,
  bentocache,
]

export function contenderNamed(name: string): Contender {
  const found = CONTENDERS.find((contender) => contender.name === name)
  if (found === undefined) throw new TypeError(`no contender is named ${name}`)
  return found
}
