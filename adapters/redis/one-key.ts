import type {
  AcquireResult,
  Fill,
  RemoteStore,
  Unavailable,
  Version,
} from '../../src/store/store.js'
import { command, lifetime } from './calls.js'
import type { Argument } from './client.js'
import type { Names } from './names.js'
import type { Reach } from './reach.js'
import { lasting, missing, refused, spaceIn, versionIn } from './records.js'
import { ACQUIRE, FILL, NONE } from './scripts.js'

/**
 * The steps of a fill for one key on one server, as nearly all of them are: without the lists and maps that many keys and
 * several servers need.
 */
export type Acquired = AcquireResult['keys'][number]

/** How long things are to live. */
export interface Terms {
  readonly leaseMs: number
  readonly keepMs: number
}

/**
 * What `ACQUIRE` is given for one key. Records come as their names on the server, those that are kept for ever last.
 * With `looking` it is left at reading when there is an entry.
 */
export function acquireArguments(
  names: Names,
  key: string,
  records: readonly string[],
  token: string,
  { leaseMs, keepMs }: Terms,
  looking = false,
): Argument[] {
  return [
    ACQUIRE.sha,
    2 + records.length,
    names.lease(key),
    names.entry(key),
    ...records,
    1,
    lifetime(leaseMs),
    ...lasting({ names }, records, keepMs),
    looking ? 1 : NONE,
    token,
  ]
}

export async function acquireOne(
  reach: Reach,
  key: string,
  tags: readonly string[],
  terms: Terms,
): Promise<AcquireResult> {
  const { router, names, context } = reach
  const token = context.random.token()
  const space = names.space(0)
  const records = [...tags.map(names.tag), space]
  const args = acquireArguments(names, key, records, token, terms)
  const reply = (await command(router, 'evalsha', args, 0)) as readonly unknown[]
  const version = spaceIn(reach, space, reply[records.length])
  return {
    keys: [acquired(reply[1 + records.length], token, reply[0], version)],
    versions: tags.map((_, at) => versionIn(reply[1 + at]) ?? missing()),
  }
}

/** What answers to `ACQUIRE` say of one key. */
export function acquired(
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

export async function fillOne(
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

/** What an answer to `FILL` says of one key. */
export function filled(answer: unknown): boolean | Unavailable {
  return typeof answer === 'number' ? answer === 1 : refused(answer)
}
