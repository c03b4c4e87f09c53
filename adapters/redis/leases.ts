import type { AcquireResult, Fill, RemoteLease, RemoteStore } from '../../src/store/store.js'
import { answersFor, command, divide, lifetime, pairs, run, settle } from './calls.js'
import { type Reach, within } from './reach.js'
import {
  freshVersions,
  lasting,
  missing,
  recordsFor,
  recordsIn,
  refused,
  stateIn,
} from './records.js'
import { ACQUIRE, FILL, RELEASE, RENEW } from './scripts.js'

type Acquired = AcquireResult['keys'][number]

/** One script per slot: on one server, one for all. */
export async function acquire(
  reach: Reach,
  keys: readonly string[],
  tags: readonly string[],
  leaseMs: number,
  keepMs: number,
): Promise<AcquireResult> {
  const { router, names, context } = reach
  const parts = divide(reach, keys, recordsFor(reach, keys, tags))
  const tokens = keys.map(() => context.random.token())
  const replies = await settle(
    parts.map((part) =>
      run(
        router,
        ACQUIRE,
        [...pairs(names, keys, part), ...part.records],
        [
          part.keys.length,
          lifetime(leaseMs),
          ...lasting(reach, part, keepMs),
          ...part.keys.map((at) => tokens[at]!),
          ...freshVersions(reach, part),
        ],
      ),
    ),
  )
  const records = recordsIn(reach, parts, replies, 2)
  return {
    keys: answersFor(keys, parts, replies, 2).map((answer, at): Acquired => {
      if (answer instanceof Error) return { unavailable: answer }
      const [leased, bytes] = answer
      if (typeof leased !== 'number') return refused(leased)
      const space = records.get(names.space(router.slot(names.entry(keys[at]!))))
      if (typeof space !== 'string') return space ?? missing()
      return {
        lease: leased === 1 ? { token: tokens[at] } : undefined,
        found: Buffer.isBuffer(bytes) ? { bytes, token: undefined } : undefined,
        space,
      }
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
  const keys = fills.map((each) => each.key)
  return within(reach, async () => {
    const parts = divide(reach, keys, [])
    const last = parts.at(-1)
    if (!router.clustered) last?.records.push(...recordsFor(reach, keys, tags))
    const replies = await settle(
      parts.map((part) =>
        run(
          router,
          FILL,
          [...pairs(names, keys, part), ...part.records],
          [
            part.keys.length,
            ...part.keys.flatMap((at) => {
              const { lease, keepMs, bytes } = fills[at]!
              return [String(lease.token), lifetime(keepMs), bytes]
            }),
          ],
        ),
      ),
    )
    return {
      filled: answersFor(keys, parts, replies, 1).map((answer) => {
        if (answer instanceof Error) return { unavailable: answer }
        const [filled] = answer
        return typeof filled === 'number' ? filled === 1 : refused(filled)
      }),
      state:
        router.clustered || last === undefined
          ? await reads.state(keys, tags)
          : stateIn(reach, recordsIn(reach, parts, replies, 1), keys, tags),
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
