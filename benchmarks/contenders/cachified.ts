import { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'
import { loadPeer } from '../peers/load.js'

interface Metadata {
  readonly createdTime: number
  readonly ttl?: number | null
  readonly swr?: number | null
}
interface Entry {
  readonly metadata: Metadata
  readonly value: unknown
}
interface Main {
  cachified(options: object): Promise<unknown>
  readonly totalTtl: (metadata?: Metadata) => number
}
/** Its README: the LRU adapter shown there; for Redis the same three functions over the application's ioredis and JSON. */
export const cachified: Contender = {
  name: 'cachified',
  packages: ['@epic-web/cachified'],
  isPeer: true,
  can: ['memory', 'redis'],
  async open({ place, maxEntries, load }) {
    const main = await loadPeer<Main>('@epic-web/cachified')
    const { cache, close } =
      place.kind === 'memory'
        ? memory(main, maxEntries)
        : await redis(main, (place as Place & { kind: 'redis' }).url)
    return {
      read: (key) => main.cachified({ key, cache, ttl: TTL_MS, getFreshValue: () => load(key) }),
      close,
    }
  },
}

function memory({ totalTtl }: Main, max: number) {
  const lru = new LRUCache<string, Entry>({ max })
  const cache = {
    set(key: string, value: Entry) {
      return lru.set(key, value, {
        ttl: totalTtl(value.metadata),
        start: value.metadata.createdTime,
      })
    },
    get: (key: string) => lru.get(key),
    delete: (key: string) => lru.delete(key),
  }
  return { cache, close: async () => lru.clear() }
}

async function redis({ totalTtl }: Main, url: string) {
  const client = new Redis(url)
  const cache = {
    set: (key: string, value: Entry) =>
      client.set(`cachified:${key}`, JSON.stringify(value), 'PX', totalTtl(value.metadata)),
    async get(key: string) {
      const text = await client.get(`cachified:${key}`)
      return text === null ? null : (JSON.parse(text) as Entry)
    },
    delete: (key: string) => client.del(`cachified:${key}`),
  }
  return { cache, close: () => client.quit() }
}
