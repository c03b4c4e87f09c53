import { EPOCH_NAME } from '../../src/store/names.js'
import { SLOTS, slotOf } from './slot.js'

/**
 * What things are called in Redis, for the namespace `shop` with the usual prefix:
 *
 *     kf:shop:e:{key}   the entry of a key          kf:shop:s     the namespace's version, on one server
 *     kf:shop:l:{key}   the lease of a key          kf:shop:s:{n} the same for a stripe of slots, in a cluster
 *     kf:shop:t:{tag}   the version of a tag        kf:shop:bus   the channel for announcements
 *
 * The braces put an entry and its lease into one slot, so that one script may change both.
 */
export interface Names {
  readonly entry: (key: string) => string
  readonly lease: (key: string) => string
  readonly tag: (tag: string) => string
  /** The record with the version of the namespace, as it concerns a key in this slot. */
  readonly space: (slot: number) => string
  readonly isSpace: (name: string) => boolean
  /** Whether it is a record that a namespace has a few of, and that is kept for ever. */
  readonly isLasting: (name: string) => boolean
  /** All of those: what `clear` replaces. */
  readonly spaces: readonly string[]
  readonly channel: string
  /** A pattern that all entries match, for SCAN. */
  readonly entries: string
}

export function namesIn(prefix: string, namespace: string, clustered: boolean): Names {
  const base = `${prefix}${namespace}`
  const [entries, leases, tags] = [`${base}:e:{`, `${base}:l:{`, `${base}:t:{`]
  const one = `${base}:s`
  const striped = clustered ? stripes(`${one}:`) : []
  const epoch = `${tags}${EPOCH_NAME}}`
  const spaces = new Set(clustered ? striped : [one])
  return {
    entry: (key) => `${entries}${key}}`,
    lease: (key) => `${leases}${key}}`,
    tag: (tag) => `${tags}${tag}}`,
    space: clustered ? (slot) => striped[slot >> STRIPE_BITS]! : () => one,
    isSpace: (name) => spaces.has(name),
    isLasting: (name) => name === epoch || spaces.has(name),
    spaces: [...spaces],
    channel: `${base}:bus`,
    entries: `${entries.replaceAll(/[\\*?[\]^]/g, '\\$&')}*`,
  }
}

/**
 * A cluster has one record of the namespace's version for each 256 slots, and not one for all of it: that one would
 * be asked with every read, from the one server that has it. The record lies in its own stripe, so it is nearly
 * always on the server of the keys it is read with, and is lost with them and not with others.
 */
const STRIPE_BITS = 8
const STRIPES = SLOTS >> STRIPE_BITS

function stripes(base: string): string[] {
  const found: string[] = []
  // Each number falls into a stripe by chance: about 300 of them until each of 64 has one. With a hash tag in the
  // prefix all fall into the same, and the other stripes have no keys either.
  for (let n = 0, missing = STRIPES; missing > 0 && n < 16 * STRIPES; n++) {
    const name = `${base}{${n}}`
    const stripe = slotOf(name) >> STRIPE_BITS
    if (found[stripe] !== undefined) continue
    found[stripe] = name
    missing--
  }
  const any = found.find((name) => name !== undefined)!
  return Array.from({ length: STRIPES }, (_, stripe) => found[stripe] ?? any)
}
