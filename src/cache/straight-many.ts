import { canonicalKey, type Key } from '../base/stable-key.js'
import { nameHash } from '../store/envelope-layout.js'
import { ODD } from '../store/envelope.js'
import { plainHash, shortName } from '../store/names.js'
import type { Sheet } from '../store/store.js'
import { assertOpen, report, type Core, type StraightRemote } from './core.js'
import { countMiss, getMany } from './many.js'
import type { Policy } from './options.js'
import { currentScope } from './scope.js'
import {
  askGiven,
  countHit,
  freshOn,
  judgeOn,
  NO_TAGS,
  tagsFor,
  type Asked,
} from './straight-ask.js'

/** Keys of one call that share a sheet; more are divided by the store. */
const MANY = 400

/** `getMany` on the straight way (straight.ts). */
export async function getManyStraight(
  core: Core,
  remote: StraightRemote,
  keys: readonly Key[],
  policy: Policy,
): Promise<unknown[]> {
  assertOpen(core)
  const canonical = keys.slice() as string[]
  let names = canonical
  const hashes: number[] = []
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!
    let hash = typeof key === 'string' ? plainHash(key) : 0
    if (hash === 0) {
      canonical[at] = canonicalKey(key)
      const name = shortName(canonical[at]!)
      if (name === undefined) return getMany(core, keys.map(canonicalKey), policy)
      if (names === canonical) names = canonical.slice()
      names[at] = name
      hash = nameHash(name) | 0
    }
    hashes.push(hash)
  }
  if (keys.length === 0 || keys.length > MANY) return getMany(core, canonical, policy)
  const hasTags = policy.tags.length > 0 || core.hints.size > 0
  const asked: readonly Asked[] | undefined = hasTags
    ? canonical.map((key) => tagsFor(core, key, policy.tags) ?? askGiven(policy.tags))
    : undefined
  const scope = currentScope()
  const sheet = remote.sheet()
  const first = sheet.entries(names)
  const questions = asked?.map(({ names }) => (names.length === 0 ? undefined : sheet.tags(names)))
  await sheet.done
  if (sheet.error !== undefined) return noneOf(core, remote, canonical, sheet.error)
  const values: unknown[] = []
  let odd: Odd[] | undefined
  for (let at = 0; at < canonical.length; at++) {
    const tags = asked === undefined ? NO_TAGS : asked[at]!
    const question = questions?.[at]
    const place = first + at
    const value =
      scope === undefined ? freshOn(core, remote, sheet, place, hashes[at]!, tags, question) : ODD
    if (value === ODD) {
      const seen = judgeOn(core, remote, canonical[at]!, sheet, place, tags, question)
      ;(odd ??= []).push({ at, seen })
      values.push(undefined)
    } else {
      values.push(value)
      countHit(core, canonical[at]!)
    }
  }
  if (odd !== undefined) await addOdd(core, canonical, values, odd, sheet)
  return values
}

/** One that had to be judged. */
interface Odd {
  readonly at: number
  readonly seen: ReturnType<typeof judgeOn>
}

async function addOdd(
  core: Core,
  keys: readonly string[],
  values: unknown[],
  odd: readonly Odd[],
  sheet: Sheet,
): Promise<void> {
  const scope = currentScope()
  const judged = await Promise.all(odd.map(({ seen }) => seen))
  for (let n = 0; n < odd.length; n++) {
    const { at } = odd[n]!
    const found = judged[n]!.seen?.judged
    if (found === undefined || found.freshUntil <= sheet.at) {
      countMiss(core, keys[at]!)
      continue
    }
    const value = found.decode()
    values[at] = value instanceof Promise ? await value : value
    countHit(core, keys[at]!)
    scope?.note(core, found.tags, found.versions, found.freshUntil, found.private)
  }
}

function noneOf(
  core: Core,
  remote: StraightRemote,
  keys: readonly string[],
  error: Error,
): undefined[] {
  report(core, error, 'read', { tier: remote.name })
  return keys.map((key) => {
    countMiss(core, key)
    return undefined
  })
}
