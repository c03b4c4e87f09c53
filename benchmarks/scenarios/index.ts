import type { Scenario } from '../lib/scenario.js'
import { codec } from './codec.js'
import { memoryFill, promotion, redisFill } from './fill.js'
import { growthEntries } from './growth-entries.js'
import { growthPauses } from './growth-pauses.js'
import { growthProcesses } from './growth-processes.js'
import { growthTags } from './growth-tags.js'
import { growthValues } from './growth-values.js'
import { allocations, fillAllocations, heap } from './heap.js'
import { invalidate } from './invalidate.js'
import { keeping } from './keeping.js'
import { memcachedHit, memcachedHits } from './memcached-hit.js'
import { memoryHit } from './memory-hit.js'
import { objects } from './objects.js'
import { queryHit, queryHitRedis } from './query-hit.js'
import { queryOutside } from './query-outside.js'
import { ratioQuery } from './ratio-query.js'
import { ratioTraces } from './ratio-traces.js'
import { redisHit, redisHits } from './redis-hit.js'
import { redisMany } from './redis-many.js'
import { redisTags } from './redis-tags.js'
import { sessions } from './sessions.js'
import { sqlAnalysis } from './sql-analysis.js'
import { sqlite } from './sqlite.js'
import { stampede } from './stampede.js'
import { steps } from './steps.js'
import { storeMemcached, storeRedis } from './store-verbs.js'
import { tiersHit } from './tiers-hit.js'
import { webNotModified } from './web-304.js'
import { webHit } from './web-hit.js'
import { webMiss } from './web-miss.js'

/** In the order in which a reader would ask; those at the end only by name. */
export const SCENARIOS: readonly Scenario[] = [
  memoryHit,
  redisHit,
  redisHits,
  redisTags,
  memcachedHit,
  memcachedHits,
  tiersHit,
  stampede,
  invalidate,
  redisMany,
  memoryFill,
  redisFill,
  promotion,
  objects,
  queryHit,
  queryHitRedis,
  heap,
  allocations,
  fillAllocations,
  webHit,
  webNotModified,
  webMiss,
  steps,
  ratioTraces,
  ratioQuery,
  growthEntries,
  growthPauses,
  growthTags,
  growthValues,
  growthProcesses,
  storeRedis,
  storeMemcached,
  sessions,
  keeping,
  codec,
  sqlAnalysis,
  sqlite,
  queryOutside,
]
