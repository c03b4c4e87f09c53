import { spawnSync } from 'node:child_process'
import {
  startMemcached,
  startRedis,
  type MemcachedServer,
  type RedisServer,
} from '../../test/support/servers/index.js'
import type { Place } from './contender.js'

/** Thrown where something cannot be asked here; the message says why. */
export class LeftOut extends Error {}

/** Real servers, each started when it is first needed, and ended with this process. */
export interface Servers {
  redis(): Promise<RedisServer>
  memcached(): Promise<MemcachedServer>
  place(kind: Place['kind']): Promise<Place>
  /** Why nothing can be kept there; undefined where it can. */
  missing(kind: Place['kind']): string | undefined
}

export function createServers(): Servers {
  let redis: Promise<RedisServer> | undefined
  let memcached: Promise<MemcachedServer> | undefined
  const installed: Record<string, boolean> = {}
  const servers: Servers = {
    redis: () => (redis ??= demand('redis', startRedis)),
    memcached: () =>
      (memcached ??= demand('memcached', () => startMemcached({ args: ['-m', '512'] }))),
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
    missing(kind) {
      if (kind === 'memory') return undefined
      const program = PROGRAMS[kind]
      installed[program] ??= isInstalled(program)
      return installed[program] ? undefined : `${program} is not installed`
    },
  }
  async function demand<Server>(
    kind: Place['kind'],
    start: () => Promise<Server>,
  ): Promise<Server> {
    const reason = servers.missing(kind)
    if (reason !== undefined) throw new LeftOut(reason)
    return start()
  }
  return servers
}

const PROGRAMS = { redis: 'redis-server', tiers: 'redis-server', memcached: 'memcached' } as const

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/** Said when a connection opens or stays open (`exists`: a bus makes sure, each second, that it listens where others publish), not for a read. */
const HOUSEKEEPING = new Set([
  'auth',
  'client',
  'client|setinfo',
  'client|setname',
  'client|id',
  'command',
  'config|resetstat',
  'config|get',
  'exists',
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
