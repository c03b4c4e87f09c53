import { createHash } from 'node:crypto'
import type { Found, Outcome, RemoteStore, Write } from '../../src/store/store.js'
import { answersFor, command, divide, lifetime, pairs, run, settle } from './calls.js'
import { toError } from './failures.js'
import { announce, announcedIn, publish, type Reach, within } from './reach.js'
import {
  ensure,
  freshVersions,
  lasting,
  recordsFor,
  recordsIn,
  refused,
  stateIn,
} from './records.js'
import { DROP, SWAP, WRITE } from './scripts.js'

/**
 * Sets entries whatever is there.
 *
 * A write that a server carries out long after its caller has given up could overwrite a newer one. So each comes
 * with a moment of the server's own time, a deadline after it was sent, and is refused after it: a server that stood
 * still finds that moment in the past.
 */
export function write(
  reach: Reach,
  writes: readonly Write[],
  tags: readonly string[],
  announcement: string | undefined,
): ReturnType<RemoteStore['write']> {
  const { router, names } = reach
  const keys = writes.map((each) => each.key)
  const keepMs = Math.max(0, ...writes.map((each) => each.keepMs))
  return within(reach, async () => {
    const parts = divide(reach, keys, [])
    const last = parts.at(-1)
    if (!router.clustered) last?.records.push(...recordsFor(reach, keys, tags))
    const replies = await settle(
      parts.map((part) =>
        run(
          router,
          WRITE,
          [...pairs(names, keys, part), ...part.records],
          [
            ...announce(reach, router.clustered || part !== last ? undefined : announcement),
            part.keys.length,
            ...lasting(reach, part.records, keepMs),
            ...part.keys.flatMap((at) => [lifetime(writes[at]!.keepMs), writes[at]!.bytes]),
            ...freshVersions(reach, part),
          ],
          true,
        ),
      ),
    )
    const written = answersFor(keys, parts, replies).map((answer): Outcome => {
      if (answer instanceof Error) return answer
      return typeof answer === 'number' ? undefined : refused(answer).unavailable
    })
    const announced = router.clustered ? await announcedIn(reach, announcement) : undefined
    const records =
      router.clustered || last === undefined
        ? await ensure(reach, recordsFor(reach, keys, tags), keepMs)
        : recordsIn(reach, parts, replies)
    return {
      written: written.map((outcome) => outcome ?? announced),
      state: stateIn(reach, records, keys, tags),
    }
  })
}

export async function swap(
  reach: Reach,
  { key, bytes, keepMs }: Write,
  expected: Found | undefined,
  announcement: string | undefined,
): Promise<boolean> {
  const { router, names } = reach
  return within(reach, async () => {
    const digest =
      expected === undefined ? '' : createHash('sha1').update(expected.bytes).digest('hex')
    const swapped = await run(
      router,
      SWAP,
      [names.lease(key), names.entry(key)],
      [
        ...announce(reach, router.clustered ? undefined : announcement),
        digest,
        lifetime(keepMs),
        bytes,
      ],
      true,
    )
    if (swapped === 1 && router.clustered) await publish(reach, announcement)
    return swapped === 1
  })
}

export function drop(
  reach: Reach,
  keys: readonly string[],
  announcement: string | undefined,
): Promise<readonly Outcome[]> {
  const { router, names } = reach
  return within(reach, async () => {
    const parts = divide(reach, keys, [])
    const last = parts.at(-1)
    const replies = await settle(
      parts.map(async (part) => {
        const both = pairs(names, keys, part)
        if (router.clustered) return dropOne(reach, both)
        return run(router, DROP, both, announce(reach, part === last ? announcement : undefined))
      }),
    )
    const announced = router.clustered ? await announcedIn(reach, announcement) : undefined
    const outcomes: Outcome[] = keys.map(() => announced)
    parts.forEach((part, n) => {
      const reply = replies[n]
      if (reply instanceof Error) for (const at of part.keys) outcomes[at] = reply
    })
    return outcomes
  })
}

/**
 * While a slot is on the move, an entry may have arrived while its lease has not, and no script may touch both. One
 * after the other will do: once the leases are gone nothing that began before can be filled in, so what is removed
 * after that stays removed.
 */
async function dropOne(reach: Reach, both: readonly string[]): Promise<unknown> {
  const { router } = reach
  try {
    return await run(router, DROP, both, announce(reach, undefined))
  } catch (error) {
    if (!toError(error).message.includes('TRYAGAIN')) throw error
  }
  const remove = (names: readonly string[]) =>
    Promise.all(names.map((name) => command(router, 'unlink', [name], router.slot(name))))
  await remove(both.filter((_, at) => at % 2 === 0))
  await remove(both.filter((_, at) => at % 2 === 1))
  return 1
}
