import type { TimedScenario } from '../lib/scenario.js'

export const memoryFill: TimedScenario = {
  kind: 'timed',
  name: 'memory-fill',
  asks: 'What does a miss cost that is loaded and kept in process memory, others leaving for it?',
  floor: 'lru-cache',
  entrants: [
    { contender: 'keepfresh', place: 'memory' },
    { contender: 'lru-cache', place: 'memory' },
    { contender: 'layered-loader', place: 'memory' },
    { contender: 'cachified', place: 'memory' },
    { contender: 'async-cache-dedupe', place: 'memory' },
    { contender: 'cache-manager', place: 'memory' },
    { contender: 'cacheable', place: 'memory' },
    { contender: 'bentocache', place: 'memory' },
  ],
  keys: 1_000,
  callers: 1,
  isCold: true,
  isComputing: true,
}

export const redisFill: TimedScenario = {
  kind: 'timed',
  name: 'redis-fill',
  asks: 'What does a miss cost that is loaded and kept in Redis?',
  floor: 'ioredis',
  entrants: [
    { contender: 'keepfresh', place: 'redis' },
    { contender: 'ioredis', place: 'redis' },
    { contender: 'layered-loader', place: 'redis' },
    { contender: 'cachified', place: 'redis' },
    { contender: 'async-cache-dedupe', place: 'redis' },
    { contender: 'cache-manager', place: 'redis' },
    { contender: 'cacheable', place: 'redis' },
    { contender: 'bentocache', place: 'redis' },
  ],
  keys: 1_000,
  callers: 1,
  isCold: true,
  pinned: true,
}

export const promotion: TimedScenario = {
  kind: 'timed',
  name: 'tiers-promotion',
  asks: 'What does an answer from Redis cost that process memory takes over?',
  floor: 'keepfresh, Redis alone',
  entrants: [
    { contender: 'keepfresh', place: 'tiers' },
    { contender: 'keepfresh', as: 'keepfresh, Redis alone', place: 'redis' },
    { contender: 'layered-loader', place: 'tiers' },
    { contender: 'cache-manager', place: 'tiers' },
    { contender: 'cacheable', place: 'tiers' },
    { contender: 'bentocache', place: 'tiers' },
  ],
  keys: 2_000,
  callers: 1,
  // So few that each key has left when its turn comes again.
  maxEntries: 50,
  pinned: true,
  commandsAtMost: 100,
}
