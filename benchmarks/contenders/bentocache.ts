import { TTL_MS, type Contender, type Place } from '../lib/contender.js'
import { loadPeer } from '../peers/load.js'

interface Bento {
  getOrSet(options: {
    key: string
    factory: () => unknown
    ttl: number
    tags?: readonly string[]
  }): Promise<unknown>
  deleteByTag(options: { tags: readonly string[] }): Promise<unknown>
  disconnectAll(): Promise<void>
}
interface Layers {
  useL1Layer(layer: unknown): Layers
  useL2Layer(layer: unknown): Layers
  useBus(bus: unknown): Layers
}
interface Main {
  BentoCache: new (options: { default: string; stores: Record<string, Layers> }) => Bento
  readonly bentostore: () => Layers
}
type Driver = (options: object) => unknown

/** https://bentocache.dev/docs/quick-setup: memory as L1, Redis as L2, the Redis bus where both are used. Its ioredis is a 5. */
export const bentocache: Contender = {
  name: 'bentocache',
  packages: ['bentocache'],
  isPeer: true,
  can: ['memory', 'redis', 'tiers', 'tags'],
  async open({ place, maxEntries, tags, load }) {
    const { BentoCache, bentostore } = await loadPeer<Main>('bentocache')
    const bento = new BentoCache({
      default: 'cache',
      stores: { cache: await layers(place, maxEntries, bentostore()) },
    })
    const more = tags.length > 0 ? { tags } : {}
    return {
      read: (key) => bento.getOrSet({ key, factory: () => load(key), ttl: TTL_MS, ...more }),
      invalidate: (tag) => bento.deleteByTag({ tags: [tag] }),
      close: () => bento.disconnectAll(),
    }
  },
}

async function layers(place: Place, maxItems: number, store: Layers): Promise<Layers> {
  const { memoryDriver } = await loadPeer<{ memoryDriver: Driver }>('bentocache/drivers/memory')
  const { redisDriver, redisBusDriver } = await loadPeer<
    Record<'redisDriver' | 'redisBusDriver', Driver>
  >('bentocache/drivers/redis')
  if (place.kind === 'memory') return store.useL1Layer(memoryDriver({ maxItems }))
  const { hostname: host, port } = new URL((place as Place & { kind: 'redis' }).url)
  const connection = { host, port: Number(port) }
  if (place.kind === 'redis') return store.useL2Layer(redisDriver({ connection }))
  return store
    .useL1Layer(memoryDriver({ maxItems }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }))
}
