import type {
  AcquireResult,
  Fill,
  RemoteLease,
  RemoteStore,
  Unavailable,
  Version,
} from '../../src/store/store.js'
import { answersFor, command, divide, lifetime, run, settle } from './calls.js'
import type { Argument } from './client.js'
import { type Reach, within } from './reach.js'
import {
  lasting,
  missing,
  recordsFor,
  recordsIn,
  refused,
  spaceIn,
  stateIn,
  versionIn,
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
  if (keys.length === 1 && !router.clustered) {
    return acquireOne(reach, keys[0]!, tags, leaseMs, keepMs)
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

function acquired(
  leased: unknown,
  token: string,
  bytes: unknown,
  space: Version | Unavailable | undefined,
): Acquired {
  if (typeof leased !== 'number') return refused(leased)
  if (typeof space !== 'string') return space ?? missing()
  return {
    lease: leased === 1 ? { token } : undefined,
    found: Buffer.isBuffer(bytes) ? { bytes, token: undefined } : undefined,
    space,
  }
}

/** The same on one server, without the lists and maps that many keys and several servers need. */
async function acquireOne(
  reach: Reach,
  key: string,
  tags: readonly string[],
  leaseMs: number,
  keepMs: number,
): Promise<AcquireResult> {
  const { router, names, context } = reach
  const token = context.random.token()
  const records = tags.map(names.tag)
  records.push(names.space(0))
  const args: Argument[] = [ACQUIRE.sha, 2 + records.length, names.lease(key), names.entry(key)]
  args.push(...records, 1, lifetime(leaseMs), ...lasting(reach, records, keepMs), token)
  const reply = (await command(router, 'evalsha', args, 0)) as readonly unknown[]
  const space = spaceIn(reach, names.space(0), reply[1 + tags.length])
  return {
    keys: [acquired(reply[2 + tags.length], token, reply[0], space)],
    versions: tags.map((_, at) => versionIn(reply[1 + at]) ?? missing()),
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

function filled(answer: unknown): boolean | Unavailable {
  return typeof answer === 'number' ? answer === 1 : refused(answer)
}

/** The same for one key on one server. */
async function fillOne(
  reach: Reach,
  { key, lease, keepMs, bytes }: Fill,
  tags: readonly string[],
): ReturnType<RemoteStore['fill']> {
  const { router, names } = reach
  const args: Argument[] = [FILL.sha, 3 + tags.length, names.lease(key)]
  for (const tag of tags) args.push(names.tag(tag))
  args.push(names.space(0), names.entry(key), 1, String(lease.token), lifetime(keepMs), bytes)
  const reply = (await command(router, 'evalsha', args, 0)) as readonly unknown[]
  const space = spaceIn(reach, names.space(0), reply[1 + tags.length])
  return {
    filled: [filled(reply[0])],
    state: {
      keys: [typeof space === 'object' ? space : { found: undefined, space }],
      versions: tags.map((_, at) => versionIn(reply[1 + at])),
    },
  }
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
