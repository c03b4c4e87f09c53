import type { TimedScenario } from '../lib/scenario.js'

export const redisMany: TimedScenario = {
  kind: 'timed',
  name: 'redis-many-100',
  asks: 'What does one call for 100 values cost that Redis has?',
  floor: 'ioredis',
  entrants: [
    { contender: 'keepfresh', place: 'redis' },
    { contender: 'ioredis', place: 'redis' },
    { contender: 'layered-loader', place: 'redis' },
    { contender: 'cache-manager', place: 'redis' },
    { contender: 'cacheable', place: 'redis' },
  ],
  target: { atMost: 1.1, unit: 'ratio' },
  keys: 1_000,
  callers: 1,
  batch: 100,
  pinned: true,
  commandsAtMost: 1,
}
