import type { Entrant } from '../lib/scenario.js'

/** Contenders in one place, in this order: ours first. */
export function inPlace(place: Entrant['place'], ...contenders: readonly string[]): Entrant[] {
  return contenders.map((contender) => ({ contender, place }))
}

/** Libraries that load what is missing, as ours does. */
export const PEERS = [
  'layered-loader',
  'cachified',
  'async-cache-dedupe',
  'cache-manager',
  'cacheable',
  'bentocache',
] as const

export const IN_MEMORY: readonly Entrant[] = inPlace('memory', 'keepfresh', 'lru-cache', ...PEERS)
export const IN_REDIS: readonly Entrant[] = inPlace('redis', 'keepfresh', 'ioredis', ...PEERS)

/** Those that can put process memory in front of Redis. */
export const PEERS_IN_TIERS: readonly Entrant[] = inPlace(
  'tiers',
  'layered-loader',
  'cache-manager',
  'cacheable',
  'bentocache',
)
