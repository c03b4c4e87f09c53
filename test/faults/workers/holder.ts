import { memcachedStore } from '../../../adapters/memcached/index.js'
import { redisStore } from '../../../adapters/redis/index.js'
import { createCache } from '../../../index.js'
import { serve } from '../../support/processes.js'

/** Another process that takes the lease of a key and goes on loading for ever. */
export type HolderService = typeof service
const service = {
  hold: (kind: 'redis' | 'memcached', port: number, namespace: string, leaseMs: number) =>
    new Promise<void>((loading) => {
      const address = `127.0.0.1:${port}`
      const patient = { deadline: '5s' } as const
      const store =
        kind === 'redis'
          ? redisStore(`redis://${address}`, patient)
          : memcachedStore(address, patient)
      const cache = createCache({ namespace, tiers: [store], lease: leaseMs })
      void cache.getOrSet('k', () => {
        loading()
        return new Promise(() => {})
      })
    }),
}
serve(service)
