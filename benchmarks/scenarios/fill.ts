import type { TimedScenario } from '../lib/scenario.js'
import { IN_MEMORY, inPlace, PEERS, PEERS_IN_TIERS } from './entrants.js'

export const memoryFill: TimedScenario = {
  kind: 'timed',
  name: 'memory-fill',
  asks: 'What does a miss cost that is loaded and kept in process memory, others leaving for it?',
  floor: 'lru-cache',
  entrants: IN_MEMORY,
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
  // Peers keep what they have loaded, whatever was invalidated meanwhile: what the promise costs is shown beside them.
  entrants: inPlace('redis', 'keepfresh', 'ioredis', 'ioredis, leases by hand', ...PEERS),
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
    ...PEERS_IN_TIERS,
  ],
  keys: 2_000,
  callers: 1,
  // So few that each key has left when its turn comes again.
  maxEntries: 50,
  pinned: true,
  commandsAtMost: 100,
}
