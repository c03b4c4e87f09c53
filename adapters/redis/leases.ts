import type { AcquireResult, Fill, RemoteLease, RemoteStore } from '../../src/store/store.js'
import { answersFor, command, divide, lifetime, run, settle } from './calls.js'
import { acquired, acquireOne, type Acquired, filled, fillOne } from './one-key.js'
import { type Reach, within } from './reach.js'
import { lasting, missing, recordsFor, recordsIn, stateIn } from './records.js'
import { ACQUIRE, FILL, NONE, RELEASE, RENEW } from './scripts.js'

/** One script per slot: on one server, one for all. */
export async function acquire(
  reach: Reach,
  keys: readonly string[],
  tags: readonly string[],
  leaseMs: number,
  keepMs: number,
): Promise<AcquireResult> {
  const { router, names, context } = reach
  if (keys.length === 1 && !router.clustered) {
    return acquireOne(reach, keys[0]!, tags, { leaseMs, keepMs })
  }
  const parts = divide(reach, keys, recordsFor(reach, keys, tags))
  const tokens = keys.map(() => context.random.token())
  const replies = await settle(
    parts.map((part) => {
      const some = part.keys.map((at) => keys[at]!)
      return run(
        router,
        ACQUIRE,
        [...some.map(names.lease), ...some.map(names.entry), ...part.records],
        [
          some.length,
          lifetime(leaseMs),
          ...lasting(reach, part.records, keepMs),
          NONE,
          ...(some.length > 0 ? part.keys.map((at) => tokens[at]!) : [context.random.token()]),
        ],
      )
    }),
  )
  const records = recordsIn(reach, parts, replies)
  const found = answersFor(keys, parts, replies)
  const leased = answersFor(
    keys,
    parts,
    replies,
    ({ keys, records }) => keys.length + records.length,
  )
  return {
    keys: keys.map((key, at): Acquired => {
      const bytes = found[at]
      if (bytes instanceof Error) return { unavailable: bytes }
      const space = records.get(names.space(router.slot(names.entry(key))))
      return acquired(leased[at], tokens[at]!, bytes, space)
    }),
    versions: tags.map((tag) => records.get(names.tag(tag)) ?? missing()),
  }
}

/** One script for all and the state after it, on one server; in a cluster the state is a second step. */
export function fill(
  reach: Reach,
  fills: readonly Fill[],
  tags: readonly string[],
): ReturnType<RemoteStore['fill']> {
  const { router, names, reads } = reach
  if (fills.length === 1 && !router.clustered) return fillOne(reach, fills[0]!, tags)
  const keys = fills.map((each) => each.key)
  return within(reach, async () => {
    const parts = divide(reach, keys, router.clustered ? [] : recordsFor(reach, keys, tags))
    const replies = await settle(
      parts.map((part) => {
        const some = part.keys.map((at) => keys[at]!)
        return run(
          router,
          FILL,
          [...some.map(names.lease), ...part.records, ...some.map(names.entry)],
          [
            some.length,
            ...part.keys.flatMap((at) => {
              const { lease, keepMs, bytes } = fills[at]!
              return [String(lease.token), lifetime(keepMs), bytes]
            }),
          ],
        )
      }),
    )
    return {
      filled: answersFor(keys, parts, replies).map((answer) =>
        answer instanceof Error ? { unavailable: answer } : filled(answer),
      ),
      state:
        router.clustered || keys.length === 0
          ? await reads.state(keys, tags)
          : stateIn(reach, recordsIn(reach, parts, replies), keys, tags),
    }
  })
}

export async function renew(
  { router, names }: Reach,
  key: string,
  lease: RemoteLease,
  leaseMs: number,
): Promise<boolean> {
  const args = [String(lease.token), lifetime(leaseMs)]
  return (await run(router, RENEW, [names.lease(key)], args)) === 1
}

export async function release(
  { router, names }: Reach,
  key: string,
  lease: RemoteLease,
): Promise<void> {
  await run(router, RELEASE, [names.lease(key)], [String(lease.token)])
}

export async function holder(
  { router, names }: Reach,
  key: string,
): ReturnType<RemoteStore['holder']> {
  const name = names.lease(key)
  const slot = router.slot(name)
  const [token, left] = await Promise.all([
    command(router, 'get', [name], slot),
    command(router, 'pttl', [name], slot),
  ])
  if (!Buffer.isBuffer(token)) return undefined
  const remainingMs = Number(left)
  return {
    token: token.toString('latin1'),
    remainingMs: remainingMs >= 0 ? remainingMs : undefined,
  }
}
