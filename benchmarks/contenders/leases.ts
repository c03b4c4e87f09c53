import { Redis, type Result } from 'ioredis'
import { TTL_MS, type Contender, type Place } from '../lib/contender.js'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    claim(entry: string, lease: string, token: string, leaseMs: number): Result<string, Context>
    keep(
      entry: string,
      lease: string,
      token: string,
      text: string,
      keepMs: number,
    ): Result<number, Context>
  }
}

const LEASE_MS = 10_000

/** The entry; where there is none, nothing, and the lease of who asks is there. */
const CLAIM = `
local found = redis.call('GET', KEYS[1])
if found then return found end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2], 'NX')
`

/** Keeps the value where the lease is there yet: whoever invalidates the key deletes both. */
const KEEP = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`

/**
 * The least with which no load fills Redis behind an invalidation: a lease for each load (Nishtala et al., Scaling Memcache at
 * Facebook, NSDI 2013, section 3.2.1), two scripts and nothing else. No tags, nobody waits for another's load, nothing is done
 * about a server that does not answer.
 */
export const leases: Contender = {
  name: 'ioredis, leases by hand',
  packages: ['ioredis'],
  isPeer: false,
  can: ['redis'],
  open({ place, load }) {
    const { url } = place as Place & { kind: 'redis' }
    const redis = new Redis(url)
    redis.defineCommand('claim', { lua: CLAIM, numberOfKeys: 2 })
    redis.defineCommand('keep', { lua: KEEP, numberOfKeys: 2 })
    let loads = 0
    return Promise.resolve({
      async read(key) {
        const [entry, lease, token] = [`leases:${key}`, `lease:${key}`, `${++loads}`]
        const found = await redis.claim(entry, lease, token, LEASE_MS)
        if (found !== null) return JSON.parse(found)
        const value = await load(key)
        await redis.keep(entry, lease, token, JSON.stringify(value), TTL_MS)
        return value
      },
      close: () => redis.quit(),
    })
  },
}
