import { Client } from 'memjs'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'

/** The floor of Memcached: `get` and `JSON.parse`. */
export const memjs: Contender = {
  name: 'memjs',
  packages: ['memjs'],
  isPeer: false,
  can: ['memcached'],
  async open({ place, load }) {
    const client = Client.create((place as Place & { kind: 'memcached' }).servers)
    return {
      async read(key) {
        const { value: bytes } = await client.get(`floor:${key}`)
        if (bytes !== null) return JSON.parse(bytes.toString()) as unknown
        const value = await load(key)
        await client.set(`floor:${key}`, JSON.stringify(value), { expires: TTL_MS / 1_000 })
        return value
      },
      async close() {
        client.close()
      },
    }
  },
}
