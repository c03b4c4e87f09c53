/**
 * Leases on a server that has no scripts and no transactions.
 *
 * A lease is two things. A *lock* under a name of its own, `add`ed, so that one caller at a time gets it; its value is
 * a random token, it expires by itself, and it keeps others from loading. And the *CAS number* of the item at the
 * entry's name, the stale entry or, where nothing is, a placeholder `add`ed there. The fill is a `set` that is good for
 * this number only. Whatever changed the key meanwhile (drop, write, another fill, an eviction, a flush) took the item
 * away or gave it another number, and the fill is refused. So safety rests on the number alone, and the lock may be
 * lost or live too long without harm: it then costs a load, or a wait.
 *
 * Planting is one write: the placeholder, the lock, then a `get` whose answer has the number. Two processes that plant
 * at once see one `add` of the lock succeed. If a drop comes between the planting and the `get`, the item is gone or is
 * a placeholder planted after the drop, and the load that follows begins after the drop as well.
 *
 * Numbers begin again when a server restarts, so they are good on their connection only (`Exact`). A lease that has
 * outlived its connection asks whether its lock is there, with its token: then the server is the same, and its numbers
 * go on.
 */
import type { AcquireResult, RemoteLease } from '../../src/store/store.js'
import { foundIn, late, mustReach, notedVersionOf, problemOf, refusal, spaceIn } from './answers.js'
import { add, get, remove, set, touch, type Command, type Exact } from './command.js'
import { PLACEHOLDER_FLAGS, placeholderItem, prolonged } from './items.js'
import type { Link } from './link.js'
import { lockIn, lockItem, type Held } from './lock.js'
import { OK, SET } from './protocol.js'
import { Round, type Conversation } from './round.js'
import type { Servers } from './servers.js'

interface Planting {
  readonly link: Link
  readonly key: string
  readonly secret: string
  readonly placeholder: Command
  readonly lock: Command
  readonly entry: Command
  readonly space: Command
}

/** Plants leases, reads the entries and notes the tags: one write to each server. */
export function acquire(
  servers: Servers,
  keys: readonly string[],
  tags: readonly string[],
  leaseMs: number,
): Promise<AcquireResult> {
  const { ring, names, newRecord } = servers
  const nowMs = servers.context.clock.now()
  const round = new Round()
  const plantings = keys.map((key): Planting => {
    const link = round.via(ring.of(key))
    const secret = servers.context.random.token()
    return {
      link,
      key,
      secret,
      placeholder: link.send(add(names.entry(key), placeholderItem(leaseMs, nowMs))),
      lock: link.send(add(names.lock(key), lockItem(secret, leaseMs, nowMs))),
      entry: link.send(get(names.entry(key))),
      space: link.note(names.space, newRecord),
    }
  })
  const records = tags.map((tag) => round.via(ring.of(tag)).note(names.tag(tag), newRecord))
  return round.settled(() => {
    mustReach([...plantings.map(({ entry }) => entry), ...records])
    return {
      keys: plantings.map((planting) => acquired(planting, leaseMs, nowMs)),
      versions: records.map(notedVersionOf),
    }
  })
}

function acquired(
  planting: Planting,
  leaseMs: number,
  nowMs: number,
): AcquireResult['keys'][number] {
  const { link, key, secret, placeholder, lock, entry } = planting
  const locked = lock.status === OK
  const space = spaceIn(planting.space, link)
  const problem =
    problemOf(placeholder) ?? problemOf(lock) ?? problemOf(entry) ?? problemOf(planting.space)
  if (problem !== undefined || space === undefined) {
    // The caller will not know that it holds the lock.
    if (locked) link.send(remove(lock.key, lock))
    return { unavailable: problem ?? refusal(planting.space, 'it was evicted') }
  }
  const found = foundIn(entry)
  if (!locked) return { lease: undefined, found, space }
  const held: Held = {
    link,
    key,
    secret,
    lock: exactly(lock),
    item: entry.status === OK ? exactly(entry) : undefined,
    flags: entry.flags,
    untilMs: nowMs + leaseMs,
    renewal: undefined,
    toString: () => secret,
  }
  const prolonging = found && prolong(entry.key, held, leaseMs, nowMs)
  if (prolonging) link.send(prolonging)
  return { lease: { token: held }, found, space }
}

/** Which item, without what was in it. */
function exactly({ casHigh, casLow, connection }: Exact): Exact {
  return { casHigh, casLow, connection }
}

/**
 * Keeps what the lease is on until it is replaced. A placeholder is stored again, if it is still the same; it is small.
 * An entry that would expire before the lease is touched, which leaves its number as it is. Without that, a load that
 * begins when the entry has just expired, and is kept a second longer by the server, could not be filled.
 */
function prolong(name: string, held: Held, leaseMs: number, nowMs: number): Command | undefined {
  if (held.item === undefined) return undefined
  if (held.flags === PLACEHOLDER_FLAGS) return set(name, placeholderItem(leaseMs, nowMs), held.item)
  const expiration = prolonged(held.flags, leaseMs, nowMs)
  return expiration === undefined ? undefined : touch(name, expiration)
}

/** Prolongs the lock, and what the lease is on, each only if it is still ours. */
export function renew(servers: Servers, lease: RemoteLease, leaseMs: number): Promise<boolean> {
  const held = heldBy(lease)
  const before = held.renewal
  const renewing = servers.converse(async (conversation) => {
    await before
    const [ours] = await areOurs(servers, conversation, [held])
    if (ours instanceof Error) throw ours
    return ours === true && renewNow(servers, conversation, held, leaseMs)
  })
  held.renewal = renewing.then(
    () => {},
    () => {},
  )
  return renewing
}

async function renewNow(
  { names, context }: Servers,
  conversation: Conversation,
  held: Held,
  leaseMs: number,
): Promise<boolean> {
  const { link, key, secret } = held
  const nowMs = context.clock.now()
  const lock = set(names.lock(key), lockItem(secret, leaseMs, nowMs), held.lock)
  const item = prolong(names.entry(key), held, leaseMs, nowMs)
  await conversation.ask((round) => {
    round.via(link).send(lock)
    if (item) link.send(item)
  })
  const problem = problemOf(lock) ?? (item && problemOf(item))
  if (problem !== undefined) throw problem
  if (lock.status !== OK) return false
  held.lock = exactly(lock)
  held.untilMs = nowMs + leaseMs
  if (item === undefined || item.status === OK) {
    if (item?.opcode === SET) held.item = exactly(item)
    return true
  }
  link.send(remove(lock.key, lock))
  return false
}

/**
 * Which leases can still be used: those of the present connection, and those whose lock is there with our token. The
 * latter are given the present connection's numbers. An error where the server does not say.
 */
export async function areOurs(
  { names }: Servers,
  conversation: Conversation,
  leases: readonly Held[],
): Promise<(boolean | Error)[]> {
  const moved = leases.filter(
    ({ link, lock }) => link.connection === undefined || lock.connection !== link.connection,
  )
  if (moved.length === 0) return leases.map(() => true)
  const locks = new Map<Held, Command>()
  const asked = await conversation.ask((round) => {
    for (const held of moved) {
      locks.set(held, round.via(held.link).send(get(names.lock(held.key))))
    }
  })
  if (!asked) return leases.map(() => late())
  return leases.map((held) => {
    const lock = locks.get(held)
    if (lock === undefined) return true
    const problem = problemOf(lock)
    if (problem !== undefined) return problem
    if (lockIn(lock)?.secret !== held.secret) return false
    held.lock = exactly(lock)
    if (held.item) held.item = { ...held.item, connection: lock.connection }
    return true
  })
}

/** Takes away the placeholder, then the lock, each only if it is still ours. */
export function release(servers: Servers, lease: RemoteLease): Promise<void> {
  const held = heldBy(lease)
  const { link, key } = held
  return servers.converse(async (conversation) => {
    await held.renewal
    const [ours] = await areOurs(servers, conversation, [held])
    if (ours instanceof Error) throw ours
    if (!ours) return
    const unlock = remove(servers.names.lock(key), held.lock)
    await conversation.ask((round) => {
      round.via(link)
      const planted = held.flags === PLACEHOLDER_FLAGS
      if (planted && held.item) link.send(remove(servers.names.entry(key), held.item))
      link.send(unlock)
    })
    mustReach([unlock])
  })
}

/** Who holds the lock of a key. */
export function holder(
  { ring, names, context }: Servers,
  key: string,
): Promise<{ readonly token: string; readonly remainingMs: number | undefined } | undefined> {
  const round = new Round()
  const command = round.via(ring.of(key)).read(names.lock(key))
  return round.settled(() => {
    mustReach([command])
    const lock = lockIn(command)
    if (lock === undefined) return undefined
    const { untilMs } = lock
    const remainingMs = untilMs && Math.max(0, untilMs - context.clock.now())
    return { token: lock.secret, remainingMs }
  })
}

export function heldBy(lease: RemoteLease): Held {
  return lease.token as Held
}
