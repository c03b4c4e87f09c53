/**
 * Point 5 of the promise, as the user of a cache lives it: whatever happens to the servers, a read costs at most the
 * store's deadline, and nothing once they count as down; it answers what the loader says; nothing piles up; and when
 * they are back they are used again, without a crowd at the database or at the store.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createCache, type Cache } from '../../index.js'
import { awakeMs } from '../support/awake.js'
import { heapBytes } from '../support/heap.js'
import { until } from '../support/until.js'
import { FAULTS } from './faults.js'
import { DEADLINE_MS, PLACES, type Place } from './places.js'

/** A tick of the deadline's timer, and what a machine adds that is busy with several test runs. */
const SLACK_MS = 25 + 225
/** What the first use waits for the bus at most. */
const FIRST_UP_MS = 250

const OUTAGE_READS = { gone: 10_000, slow: 2_000, refusing: 2_000 } as const

let namespaces = 0
const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

const allAsked = (cache: Cache): boolean =>
  cache.stats().servers.every(({ circuit }) => circuit === 'closed')

/** One read of a key that nobody has: the loader's value has to come back. Answers what it cost. */
async function reading(cache: Cache, key: string): Promise<number> {
  const before = awakeMs()
  expect(await cache.getOrSet(key, () => `loaded ${key}`, { tags: ['t', key] })).toBe(
    `loaded ${key}`,
  )
  return awakeMs() - before
}

for (const { name, kind, memory, start } of PLACES) {
  describe(`${name}, when the server`, () => {
    let place: Place
    beforeAll(async () => {
      place = await start()
    })
    afterAll(() => place[Symbol.asyncDispose]())

    for (const fault of FAULTS.filter(({ at }) => at.includes(kind))) {
      test(`${fault.name}: bounded reads, then free ones, then recovery without a stampede`, async () => {
        const namespace = `outage-${process.pid}-${++namespaces}`
        const errors: unknown[] = []
        const open = (): Cache => {
          const cache = createCache({ namespace, tiers: place.tiers(), ttl: '1h' })
          cache.on('error', ({ error }) => errors.length < 1_000 && errors.push(error))
          onTestFinished(() => cache.close())
          return cache
        }
        const cache = open()
        if (fault.first !== true) {
          await until('it is kept', async () => {
            await reading(cache, 'kept')
            return (await open().get('kept')) !== undefined
          })
        }
        let healed = false
        const heal = async () => {
          if (!healed) await fault.heal(place)
          healed = true
        }
        onTestFinished(heal)
        await fault.cause(place)

        // Each read costs the deadline once, until the servers count as down.
        const costs: number[] = []
        if (fault.effect === 'gone') {
          const end = awakeMs() + 20_000
          for (let n = 0, free = 0; free < 20; n++) {
            costs.push(await reading(cache, `during-${n}`))
            free = costs.at(-1)! < DEADLINE_MS / 4 ? free + 1 : 0
            expect(awakeMs()).toBeLessThan(end)
          }
        } else {
          for (let n = 0; n < 3; n++) costs.push(await reading(cache, `during-${n}`))
        }
        const [first, ...rest] = costs
        // With answers that are slow but come, a miss waits for three of them: look, claim, keep.
        const boundMs = fault.effect === 'slow' ? 3 * DEADLINE_MS : DEADLINE_MS
        expect(first).toBeLessThan(boundMs + SLACK_MS + (memory ? FIRST_UP_MS : 0))
        for (const cost of rest) expect(cost).toBeLessThan(boundMs + SLACK_MS)

        // Thousands of reads: nothing is waited for, and nothing of them stays.
        await Promise.all(Array.from({ length: 500 }, (_, n) => reading(cache, `warm-${n}`)))
        const before = heapBytes()
        const began = awakeMs()
        const reads = OUTAGE_READS[fault.effect]
        for (let n = 0; n < reads; n += 500) {
          const group = Array.from({ length: 500 }, (_, at) => reading(cache, `more-${n + at}`))
          await Promise.all(group)
        }
        const each = (awakeMs() - began) / (reads / 500)
        expect(each).toBeLessThan(fault.effect === 'gone' ? 500 : 2_500)
        expect(cache.stats()).toMatchObject({ loading: 0, pending: 0 })
        if (fault.effect === 'gone') expect(heapBytes() - before).toBeLessThan(8e6)

        // It is used again, by this process and for others.
        await heal()
        const other = open()
        let turn = 0
        await until('it keeps for others again', async () => {
          const key = `after-${++turn}`
          await reading(cache, key)
          const kept = (await other.get(key)) === `loaded ${key}`
          return kept && [cache, other].every((each) => allAsked(each))
        })

        // Both processes, 200 callers each, one key that nobody has: one load.
        let loads = 0
        const load = async () => {
          loads++
          await new Promise((resolve) => setTimeout(resolve, 50))
          return 'once'
        }
        const bytes = () => place.proxies.reduce((sum, { counts }) => sum + counts.requestBytes, 0)
        const sent = bytes()
        const crowd = [cache, other].flatMap((each) =>
          Array.from({ length: 200 }, () => each.getOrSet('crowd', load)),
        )
        expect(new Set(await Promise.all(crowd))).toEqual(new Set(['once']))
        expect(loads).toBe(1)
        expect(bytes() - sent).toBeLessThan(50_000)

        expect(rejections).toEqual([])
        if (fault.effect !== 'slow') {
          expect(errors.length).toBeGreaterThan(0)
          // Failures of servers, told as such: none of our own.
          for (const error of errors)
            expect((error as Error).name).not.toMatch(/^(?:Type|Range)Error$/)
        }
      })
    }
  })
}
