import {
  startMemcached,
  startRedis,
  type MemcachedServer,
  type RedisServer,
} from '../../test/support/servers/index.js'
import type { Place } from './contender.js'

/** Real servers, each started when it is first needed, and ended with this process. */
export interface Servers {
  redis(): Promise<RedisServer>
  memcached(): Promise<MemcachedServer>
  place(kind: Place['kind']): Promise<Place>
}

export function createServers(): Servers {
  let redis: Promise<RedisServer> | undefined
  let memcached: Promise<MemcachedServer> | undefined
  const servers: Servers = {
    redis: () => (redis ??= startRedis()),
    memcached: () => (memcached ??= startMemcached({ args: ['-m', '512'] })),
    async place(kind) {
      switch (kind) {
        case 'memory':
          return { kind }
        case 'memcached':
          return { kind, servers: (await servers.memcached()).url }
        default:
          return { kind, url: (await servers.redis()).url }
      }
    },
  }
  return servers
}

/** Said when a connection opens or stays open, not for a read. */
const HOUSEKEEPING = new Set([
  'auth',
  'client',
  'client|setinfo',
  'client|setname',
  'client|id',
  'command',
  'config|resetstat',
  'config|get',
  'hello',
  'info',
  'ping',
  'psubscribe',
  'publish',
  'select',
  'subscribe',
  'time',
])

/** Commands that a Redis server carried out while `task` ran, by name, and the bytes that went each way. */
export async function commandsDuring(
  redis: RedisServer,
  task: () => Promise<void>,
): Promise<{ readonly total: number; readonly byName: Record<string, number> }> {
  await redis.command('CONFIG', 'RESETSTAT')
  await task()
  const text = String(await redis.command('INFO', 'commandstats'))
  const byName: Record<string, number> = {}
  let total = 0
  for (const [, name = '', calls = '0'] of text.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)) {
    if (HOUSEKEEPING.has(name)) continue
    byName[name] = Number(calls)
    total += Number(calls)
  }
  return { total, byName }
}
