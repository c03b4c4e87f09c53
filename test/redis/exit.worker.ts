/** A process that uses a store and closes it: nothing may keep it alive after that. */
import { Redis } from 'ioredis'
import { redisStore } from '../../adapters/redis/index.js'
import { serve } from '../support/processes.js'
import { opened } from './opened.js'

export interface ExitService {
  [name: string]: (...args: never[]) => unknown
  use(url: string, end: 'close' | 'close at once', expect: 'works' | 'fails'): Promise<void>
  lend(url: string): Promise<string>
}

const service: ExitService = {
  async use(url, end, expected) {
    const { store } = opened(redisStore(url))
    store.bus!.subscribe({ message: () => {}, up: () => {}, down: () => {} })
    const work = [
      store.write([{ key: 'k', bytes: Buffer.from('v'), keepMs: 1_000 }], ['t'], 'written'),
      store.read(['k'], ['t']),
      store.clear('space', 'cleared'),
    ]
    const results = Promise.allSettled(work)
    if (end === 'close at once') return store.close(1_000)
    const worked = (await results).every(({ status }) => status === 'fulfilled')
    if (worked !== (expected === 'works')) throw new Error(`it ${worked ? 'works' : 'fails'}`)
    await store.close(1_000)
  },
  /** The application's client is used and left as it was. */
  async lend(url) {
    const client = new Redis(url)
    const { store } = opened(redisStore(client))
    await store.write([{ key: 'k', bytes: Buffer.from('v'), keepMs: 1_000 }], [], undefined)
    await store.close(1_000)
    const answer = await client.ping()
    const listeners = client.eventNames().length
    client.disconnect()
    return `${answer} ${listeners}`
  },
}
serve(service)
