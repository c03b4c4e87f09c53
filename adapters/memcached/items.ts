/**
 * What is stored on the servers.
 *
 * An item has 32 bits of flags beside its value, which the server keeps and does not look at. Those of an entry are
 * the time when it expires, since the server does not tell: whoever takes a lease on an entry that is about to expire
 * has to keep it alive until it is replaced.
 */
import type { Version } from '../../src/store/store.js'
import type { Item } from './command.js'
import { expiresAtSeconds, toExpiration } from './expiry.js'

/**
 * Marks a placeholder: planted where nothing was, so that a lease has a CAS number to hold on to. No entry expires in
 * the first second of 1970, so a placeholder is never taken for one.
 */
export const PLACEHOLDER_FLAGS = 1

const NOTHING: Buffer = Buffer.alloc(0)

export function placeholderItem(leaseMs: number, nowMs: number): Item {
  return {
    value: NOTHING,
    flags: PLACEHOLDER_FLAGS,
    expiration: toExpiration(leaseMs, nowMs),
  }
}

/** An entry to be kept for `keepMs` milliseconds. */
export function entryItem(value: Buffer, keepMs: number, nowMs: number): Item {
  return {
    value,
    flags: expiresAtSeconds(keepMs, nowMs),
    expiration: toExpiration(keepMs, nowMs),
  }
}

/** A version as an item. It is kept for as long as the server can: longer than any entry that depends on it. */
export function record(version: Version): Item {
  return { value: Buffer.from(version, 'latin1'), flags: 0, expiration: 0 }
}

/** How far the clocks of two processes may differ before an entry is taken for longer-lived than it is. */
const SKEW_MS = 60_000

/**
 * The time to give to an entry with these flags, so that it outlives a lease; undefined when it does so anyway. Never
 * shorter than what it has.
 */
export function prolonged(flags: number, leaseMs: number, nowMs: number): number | undefined {
  if (flags === 0 || flags * 1000 > nowMs + leaseMs + SKEW_MS) return undefined
  return toExpiration(leaseMs + 2 * SKEW_MS, nowMs)
}
