import { Redis } from 'ioredis'
import { createCache } from 'keepfresh'
import { sessionStore } from 'keepfresh/fastify'
import { redisStore } from 'keepfresh/redis'
import { inTurns, oneByOne } from '../lib/loops.js'
import type { Scenario } from '../lib/scenario.js'
import { inBrackets, spreadOf } from '../lib/statistics.js'
import { time } from '../lib/turns.js'

const AT_ONCE = 50
/** 600 bytes as JSON. */
const session = (id: string): object => ({ user: id, visits: 0, cart: 'x'.repeat(560) })

export const sessions: Scenario = {
  kind: 'other',
  name: 'sessions',
  byName: true,
  asks: `What do ${AT_ONCE} requests at once pay for their sessions in Redis, beside GET and JSON.parse?`,
  async run({ servers, isQuick }) {
    const { url } = await servers.redis()
    const redis = new Redis(url)
    const cache = createCache({ tiers: [redisStore(url)] })
    const store = sessionStore(cache)
    const ids = Array.from({ length: AT_ONCE }, (_, n) => `session-${n}`)
    for (const id of ids) {
      await redis.set(`plain:${id}`, JSON.stringify(session(id)))
      await store.set(id, session(id))
    }
    const request = async (id: string, write: boolean): Promise<void> => {
      const found = await store.get<{ visits: number }>(id)
      if (!write) return
      found!.visits++
      await store.set(id, found!)
    }
    const each = (ask: (id: string) => Promise<unknown>) =>
      oneByOne(() => Promise.all(ids.map(ask)))
    const looking = { rounds: isQuick ? 1 : 31, roundMs: isQuick ? 1 : 20, clock: 'cpu' } as const
    const names = ['GET and JSON.parse', 'a read', 'a read and a write']
    const times = await inTurns(
      [
        each(async (id) => JSON.parse((await redis.get(`plain:${id}`))!) as unknown),
        each((id) => request(id, false)),
        each((id) => request(id, true)),
      ],
      looking,
    )
    const before = (await store.get<{ visits: number }>('session-0'))!.visits
    await request('session-0', true)
    const after = (await store.get<{ visits: number }>('session-0'))!.visits
    redis.disconnect()
    await cache.close()
    const rows = names.map((name, at) => {
      const ratio = spreadOf(times[at]!.map((ns, n) => ns / times[0]![n]!))
      const cpu = time(spreadOf(times[at]!).median / AT_ONCE)
      return { name, cells: [cpu, inBrackets(ratio)], plotted: ratio.median }
    })
    return {
      columns: ['CPU of this process, for one', 'to the floor'],
      rows,
      plots: 'CPU time, as a multiple of GET and JSON.parse',
      verdicts: [],
      claims: [{ claim: 'a session that was written is read', holds: after === before + 1 }],
      data: rows,
    }
  },
}
