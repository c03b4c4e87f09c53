import { expect, test } from 'vitest'
import { createCache } from '../../../index.js'
import type { Engine, Session } from './engine.js'
import { dialected, worldOf } from './reads.js'
import { numbers, READS, WRITES } from './world.js'

export interface RandomOptions {
  readonly seed: number
  readonly steps: number
}

/** The budget of random tests: `QUERY_RANDOM_STEPS`, and the seed to repeat one: `QUERY_RANDOM_SEED`. */
export function budget(steps: number): RandomOptions {
  return {
    seed: Number(process.env['QUERY_RANDOM_SEED'] ?? 7),
    steps: Number(process.env['QUERY_RANDOM_STEPS'] ?? steps),
  }
}

const parameter = (n: number): string => `$${n}`

/**
 * Reads, writes and transactions over two pools of one cache, in random order, one step at a time; after each, whatever is read must be
 * what the database would answer then. Locks time out, so transactions fail in the middle too.
 */
export function testRandomly(engine: Engine, { seed, steps }: RandomOptions): void {
  test(
    `no read of ${engine.name} is stale in ${steps} random steps (seed ${seed})`,
    { timeout: 60_000 + steps * 20 },
    async () => {
      await using server = await engine.start()
      for (const sql of worldOf(engine)) await server.truth(sql)
      const cache = createCache()
      const partitions = { item: ['org', 'code'] }
      const options = { cache, partitions, lockTimeoutMs: 20, connections: 6 }
      await using one = server.open(options)
      await using other = server.open(options)
      const pools = [one, other]
      const next = numbers(seed)
      const pick = <T>(list: readonly T[]): T => list[next(list.length)]!
      const held: { session: Session; began: boolean; points: number }[] = []
      const stale: string[] = []
      const log: string[] = []
      let read = 0
      let changed = 0

      const attempt = async (what: string, run: () => Promise<unknown>): Promise<boolean> => {
        try {
          await run()
          log.push(what)
          return true
        } catch (error) {
          log.push(`${what} failed: ${String(error)}`)
          return false
        }
      }
      /** A read through the cache beside the same read through none. */
      const compare = async (query: Session['query'], truth: Session['query']): Promise<void> => {
        const [text, values] = pick(READS)
        const sql = text(parameter)
        const wanted = await truth(dialected(engine, sql), values)
        const answer = await query(sql, values)
        read++
        if (JSON.stringify(answer) !== JSON.stringify(wanted)) {
          stale.push(
            `${sql} ${JSON.stringify(values)} gave ${JSON.stringify(answer)}, not ${JSON.stringify(wanted)}, after ${log.slice(-12).join('; ')}`,
          )
        }
      }
      const write = async (query: Session['query'], who: string): Promise<boolean> => {
        const [text, choices] = pick(WRITES)
        const values = pick(choices)
        const sql = text(parameter)
        return attempt(`${who}: ${sql} ${JSON.stringify(values)}`, () => query(sql, values))
      }
      const inTransaction = async (): Promise<void> => {
        if (held.length < 3 && next(3) === 0) {
          held.push({ session: await pick(pools).session(), began: false, points: 0 })
        }
        const at = next(Math.max(1, held.length))
        const holder = held[at]
        if (holder === undefined) return
        const { session } = holder
        const who = `session ${at}`
        if (!holder.began) {
          if (next(2) === 0) await compare(session.query, server.truth)
          else holder.began = await attempt(`${who}: begin`, () => session.query('BEGIN'))
          return
        }
        switch (next(8)) {
          case 0:
            await attempt(`${who}: commit`, () => session.query('COMMIT'))
            break
          case 1:
            await attempt(`${who}: rollback`, () => session.query('ROLLBACK'))
            break
          case 2:
            if (await attempt(`${who}: savepoint`, () => session.query('SAVEPOINT s')))
              holder.points++
            return
          case 3:
            if (holder.points === 0) return
            if (next(2) === 0) {
              await attempt(`${who}: rollback to`, () => session.query('ROLLBACK TO SAVEPOINT s'))
              return
            }
            if (await attempt(`${who}: release`, () => session.query('RELEASE SAVEPOINT s')))
              holder.points--
            return
          default:
            await write(session.query, who)
            // Where a failed statement fails the transaction, that is its end.
            return
        }
        holder.began = false
        holder.points = 0
        if (next(2) === 0) {
          session.release()
          held.splice(at, 1)
        }
      }

      for (let step = 0; step < steps; step++) {
        const kind = next(20)
        if (kind < 12) await compare(pick(pools).query, server.truth)
        else if (kind < 14) {
          if (await write(pick(pools).query, 'pool')) changed++
        } else await inTransaction()
        if (stale.length > 2) break
      }
      for (const { session } of held) {
        await attempt('end', () => session.query('ROLLBACK'))
        session.release()
      }
      expect(stale).toEqual([])
      const { hits } = cache.stats()
      if (process.env['QUERY_RANDOM_STEPS'] !== undefined)
        console.log(`${engine.name}: ${read} reads, ${hits} hits, ${changed} writes on their own`)
      // It has teeth only if much is answered from the cache although much is written.
      expect(changed).toBeGreaterThan(steps / 40)
      expect(hits / read).toBeGreaterThan(0.1)
      await cache.close()
    },
  )
}
