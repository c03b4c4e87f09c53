import { TTL_MS, type Contender, type Place } from '../lib/contender.js'
import { loadPeer } from '../peers/load.js'

interface Cache {
  getOrSet(key: string, load: () => Promise<unknown>, options?: object): Promise<unknown>
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, options: object): Promise<unknown>
  getMany(keys: readonly string[]): Promise<unknown[]>
  readonly tags: { invalidateTag(tag: string): Promise<unknown> }
  disconnect(): Promise<void>
}
interface Main {
  Cacheable: new (options: object) => Cache
  readonly createKeyv: (options: object) => unknown
}
interface RedisMain {
  readonly createKeyv: (url: string) => unknown
  default: new (url: string) => unknown
}

/** https://cacheable.org/docs/cacheable: its own memory as primary, Redis as secondary; Redis alone is the primary. */
export const cacheable: Contender = {
  name: 'cacheable',
  packages: ['cacheable', 'keyv', '@keyv/redis'],
  isPeer: true,
  can: ['memory', 'redis', 'tiers', 'many', 'tags'],
  async open({ place, maxEntries, tags, load }) {
    const { Cacheable, createKeyv } = await loadPeer<Main>('cacheable')
    const redis = await loadPeer<RedisMain>('@keyv/redis')
    const memory = (): unknown => createKeyv({ lruSize: Math.min(maxEntries, 16_777_216) })
    const { url } = place as Place & { kind: 'redis' }
    const cache = new Cacheable({
      ttl: TTL_MS,
      tags: tags.length > 0,
      primary: place.kind === 'redis' ? redis.createKeyv(url) : memory(),
      ...(place.kind === 'tiers' ? { secondary: new redis.default(url) } : {}),
    })
    return {
      read: tags.length === 0 ? (key) => cache.getOrSet(key, () => load(key)) : tagged,
      invalidate: (tag) => cache.tags.invalidateTag(tag),
      readMany: (keys) => cache.getMany(keys),
      close: () => cache.disconnect(),
    }

    /** `getOrSet` takes no tags: get, and set. */
    async function tagged(key: string): Promise<unknown> {
      const kept = await cache.get(key)
      if (kept !== undefined) return kept
      const value = await load(key)
      await cache.set(key, value, { tags })
      return value
    }
  },
}
