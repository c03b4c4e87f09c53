import { Redis } from 'ioredis'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'

/** The floor of Redis: `GET` and `JSON.parse`; with auto-pipelining where many callers read at once. */
export const ioredis: Contender = {
  name: 'ioredis',
  packages: ['ioredis'],
  isPeer: false,
  can: ['redis', 'many'],
  async open({ place, callers, load }) {
    const { url } = place as Place & { kind: 'redis' }
    const redis = new Redis(url, { enableAutoPipelining: callers > 1, keyPrefix: 'floor:' })
    const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString())
    return {
      async read(key) {
        const bytes = await redis.getBuffer(key)
        if (bytes !== null) return parse(bytes)
        const value = await load(key)
        await redis.set(key, JSON.stringify(value), 'PX', TTL_MS)
        return value
      },
      async readMany(keys) {
        const found = await redis.mgetBuffer(keys as string[])
        return found.map((bytes) => (bytes === null ? undefined : parse(bytes)))
      },
      close: () => redis.quit(),
    }
  },
}
