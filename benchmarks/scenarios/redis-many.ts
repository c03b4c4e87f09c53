import type { TimedScenario } from '../lib/scenario.js'
import { inPlace } from './entrants.js'

export const redisMany: TimedScenario = {
  kind: 'timed',
  name: 'redis-many-100',
  asks: 'What does one call for 100 values cost that Redis has?',
  floor: 'ioredis',
  entrants: inPlace(
    'redis',
    'keepfresh',
    'ioredis',
    'layered-loader',
    'cache-manager',
    'cacheable',
  ),
  target: { atMost: 1.1, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  batch: 100,
  pinned: true,
  commandsAtMost: 1,
}
