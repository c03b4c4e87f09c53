import type { Command, Exact, Item } from './command.js'
import { toExpiration } from './expiry.js'
import type { Link } from './link.js'
import { OK } from './protocol.js'

/** A lease as its holder knows it. */
export interface Held {
  readonly link: Link
  readonly key: string
  /** The random token in the lock's value. */
  readonly secret: string
  /** The lock, as we last stored it. */
  lock: Exact
  /** What the fill replaces; undefined when it was gone before we saw it, and then nothing can be filled. */
  item: Exact | undefined
  /** The flags of that: a placeholder, or when the entry expires. */
  readonly flags: number
  /** The server keeps the lock at least until this moment. */
  untilMs: number
  /** Settles, without rejecting, when a renewal that runs has ended: until then the numbers above may be outdated. */
  renewal: Promise<void> | undefined
  /** The random token: what `holder` says of this lease. */
  toString(): string
}

/** The lock of a lease: its token, and for whoever inspects it when it expires. */
export function lockItem(secret: string, leaseMs: number, nowMs: number): Item {
  return {
    value: Buffer.from(`${secret} ${nowMs + leaseMs}`, 'latin1'),
    flags: 0,
    expiration: toExpiration(leaseMs, nowMs),
  }
}

export interface Lock {
  readonly secret: string
  readonly untilMs: number | undefined
}

/** What a lock says; undefined when there is none. */
export function lockIn(command: Command): Lock | undefined {
  if (command.status !== OK) return undefined
  const [secret = '', until] = command.value.toString('latin1', 0, 64).split(' ')
  const untilMs = Number(until)
  return { secret, untilMs: Number.isFinite(untilMs) ? untilMs : undefined }
}
