import { Redis } from 'ioredis'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'
import { loadPeer } from '../peers/load.js'

interface Loader {
  get(key: string): Promise<unknown>
  getMany(keys: readonly string[]): Promise<unknown[]>
}
interface Client {
  quit(): Promise<unknown>
}
interface Main {
  Loader: new (options: object) => Loader
  RedisCache: new (client: Client, options: object) => unknown
}

/** Its README: a Loader with the LRU cache in memory, RedisCache behind it, one data source; the application's ioredis, 6 by its peers. */
export const layeredLoader: Contender = {
  name: 'layered-loader',
  packages: ['layered-loader'],
  isPeer: true,
  can: ['memory', 'redis', 'tiers', 'many'],
  async open({ place, maxEntries, load, keyOf }) {
    const { Loader, RedisCache } = await loadPeer<Main>('layered-loader')
    const client =
      place.kind === 'memory' ? undefined : new Redis((place as Place & { kind: 'redis' }).url)
    const loader = new Loader({
      ...(place.kind === 'redis'
        ? {}
        : {
            inMemoryCache: {
              cacheType: 'lru-object',
              ttlInMsecs: TTL_MS,
              maxItems: maxEntries,
            },
          }),
      ...(client === undefined
        ? {}
        : {
            asyncCache: new RedisCache(client, {
              json: true,
              ttlInMsecs: TTL_MS,
              prefix: 'layered',
            }),
          }),
      cacheKeyFromValueResolver: keyOf,
      dataSourceGetOneFn: load,
      dataSourceGetManyFn: (keys: readonly string[]) => Promise.all(keys.map(load)),
    })
    return {
      read: (key) => loader.get(key),
      readMany: (keys) => loader.getMany(keys),
      close: async () => client?.quit(),
    }
  },
}
