import { memcachedStore } from '../../../adapters/memcached/index.js'
import { redisStore } from '../../../adapters/redis/index.js'
import { createCache } from '../../../index.js'
import { serve } from '../../support/processes.js'

/** Another process that writes large values without end. */
export type WriterService = typeof service
const service = {
  async begin(kind: 'redis' | 'memcached', port: number, namespace: string): Promise<void> {
    const address = `127.0.0.1:${port}`
    const options = { deadline: '5s' } as const
    const tiers = [
      kind === 'redis'
        ? redisStore(`redis://${address}`, options)
        : memcachedStore(address, options),
    ]
    const cache = createCache({ namespace, tiers, compression: false })
    const write = async (n: number): Promise<void> => {
      const fill = String.fromCharCode(97 + (n % 26))
      const parts = Array.from({ length: 200 }, () => fill.repeat(2_000))
      await cache.set(['big', n % 8], { fill, parts })
      setImmediate(() => void write(n + 1))
    }
    await write(0)
  },
}
serve(service)
