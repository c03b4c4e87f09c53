import { Redis } from 'ioredis'
import type { Place, PlaceKind } from './places.js'
import { DEADLINE_MS } from './places.js'

/** Something that happens to servers, and how it ends. */
export interface Fault {
  readonly name: string
  readonly at: readonly PlaceKind['kind'][]
  readonly cause: (place: Place) => void | Promise<void>
  readonly heal: (place: Place) => void | Promise<void>
  /**
   * What readers see: nothing is asked any more, since no server answers (`gone`); answers come, later (`slow`); reads are
   * answered and writes refused (`refusing`).
   */
  readonly effect: 'gone' | 'slow' | 'refusing'
  /** It is there before the first read. */
  readonly first?: boolean
}

const ALL: readonly PlaceKind['kind'][] = ['redis', 'memcached', 'cluster', 'sentinel']
const ANY_REDIS: readonly PlaceKind['kind'][] = ['redis', 'cluster', 'sentinel']

async function proxies(
  place: Place,
  act: (proxy: Place['proxies'][number]) => Promise<void>,
): Promise<void> {
  await Promise.all(place.proxies.map(act))
}

const pass = (place: Place) => proxies(place, (proxy) => proxy.pass())

/** Sentinel would make another server the master: what a failover does has a test of its own. */
const dataServers = (place: Place) => [...place.redis, ...place.memcached]

export const FAULTS: readonly Fault[] = [
  {
    name: 'is not there at the start',
    at: ALL,
    first: true,
    effect: 'gone',
    cause: (place) => proxies(place, (proxy) => proxy.refuse()),
    heal: pass,
  },
  {
    name: 'accepts and never answers from the start',
    at: ALL,
    first: true,
    effect: 'gone',
    cause: (place) => proxies(place, (proxy) => proxy.blackhole()),
    heal: pass,
  },
  {
    name: 'is killed in use and comes back empty',
    at: ['redis', 'memcached', 'cluster'],
    effect: 'gone',
    cause: async (place) => {
      await Promise.all(dataServers(place).map((server) => server.kill()))
    },
    // A node of a cluster has to find its slots again; keys are in no file.
    heal: async (place) => {
      const data = place.kind === 'cluster' ? 'keep' : 'empty'
      await Promise.all(dataServers(place).map((server) => server.restart({ data })))
    },
  },
  {
    name: 'is restarted empty at once',
    at: ['redis', 'memcached'],
    effect: 'slow',
    cause: async (place) => {
      await Promise.all(dataServers(place).map((server) => server.kill()))
      await Promise.all(dataServers(place).map((server) => server.restart({ data: 'empty' })))
    },
    heal: () => {},
  },
  {
    name: 'is paused',
    at: ['redis', 'memcached', 'cluster'],
    effect: 'gone',
    cause: (place) => dataServers(place).forEach((server) => server.pause()),
    heal: (place) => dataServers(place).forEach((server) => server.resume()),
  },
  {
    name: 'accepts and never answers',
    at: ALL,
    effect: 'gone',
    cause: (place) => proxies(place, (proxy) => proxy.blackhole()),
    heal: pass,
  },
  {
    name: 'goes silent after 3 bytes of an answer',
    at: ALL,
    effect: 'gone',
    cause: (place) => proxies(place, (proxy) => proxy.drop(3)),
    heal: pass,
  },
  {
    name: 'resets connections in the middle of an answer',
    at: ALL,
    effect: 'gone',
    cause: (place) => proxies(place, (proxy) => proxy.reset(3)),
    heal: pass,
  },
  {
    name: 'takes 200 ms for each answer',
    at: ALL,
    effect: 'slow',
    cause: (place) => proxies(place, (proxy) => proxy.delay(200)),
    heal: pass,
  },
  {
    name: 'takes longer than the deadline for each answer',
    at: ALL,
    effect: 'gone',
    cause: (place) => proxies(place, (proxy) => proxy.delay(3 * DEADLINE_MS)),
    heal: pass,
  },
  {
    name: 'is out of memory',
    at: ANY_REDIS,
    effect: 'refusing',
    cause: (place) => configure(place, 'maxmemory', '1'),
    heal: (place) => configure(place, 'maxmemory', '0'),
  },
  {
    name: 'is a read-only replica now',
    at: ['redis'],
    effect: 'gone',
    cause: async (place) => {
      // Nobody listens at port 1, so it stays what it has.
      for (const server of place.redis) await server.command('REPLICAOF', '127.0.0.1', '1')
    },
    heal: async (place) => {
      for (const server of place.redis) await server.command('REPLICAOF', 'NO', 'ONE')
    },
  },
  {
    name: 'wants another password',
    at: ['redis', 'cluster'],
    effect: 'gone',
    cause: async (place) => {
      await configure(place, 'requirepass', 'other')
      place.proxies.forEach((proxy) => proxy.cut())
    },
    heal: async (place) => {
      for (const server of place.redis) {
        const admin = new Redis({ port: server.port, password: 'other' })
        await admin.config('SET', 'requirepass', '')
        admin.disconnect()
      }
    },
  },
]

async function configure(place: Place, name: string, value: string): Promise<void> {
  for (const server of place.redis) await server.command('CONFIG', 'SET', name, value)
}
