import type { ReadResult, Unavailable, Version } from '../../src/store/store.js'
import { divide, lifetime, run, settle, type Part } from './calls.js'
import { unavailable } from './failures.js'
import type { Reach } from './reach.js'
import { ACQUIRE, NONE } from './scripts.js'

/** The answers about records, by name. */
export type Records = ReadonlyMap<string, Version | undefined | Unavailable>

/** The records that concern some keys and tags, each once: those of the namespace last. */
export function recordsFor(
  { router, names }: Reach,
  keys: readonly string[],
  tags: readonly string[],
): Set<string> {
  const records = new Set(tags.map(names.tag))
  for (const key of keys) records.add(names.space(router.slot(names.entry(key))))
  return records
}

/**
 * How many records at the end of a list are kept for ever, and how long the others have to last. Those of the
 * namespace are few, and nobody has to look how long they last.
 */
export function lasting(
  { names }: Pick<Reach, 'names'>,
  records: readonly string[],
  keepMs: number,
): readonly [number, number | '', number | ''] {
  let forever = 0
  while (forever < records.length && names.isLasting(records.at(-1 - forever)!)) forever++
  return [forever, lifetime(keepMs), lifetime(2 * keepMs)]
}

/** A version for each record of a part that turns out to be missing. */
export function freshVersions({ context }: Reach, part: Part): readonly Version[] {
  return part.records.map(() => context.random.token())
}

/** Reads records, creating those that are missing. */
export async function ensure(
  reach: Reach,
  records: Iterable<string>,
  keepMs: number,
): Promise<Records> {
  const parts = divide(reach, [], records)
  const replies = await settle(
    parts.map((part) =>
      run(reach.router, ACQUIRE, part.records, [
        0,
        1,
        ...lasting(reach, part.records, keepMs),
        NONE,
        reach.context.random.token(),
      ]),
    ),
  )
  return recordsIn(reach, parts, replies)
}

/** What replies say about records, which come after one answer for each key. */
export function recordsIn(
  reach: Reach,
  parts: readonly Part[],
  replies: readonly unknown[],
): Records {
  const records = new Map<string, Version | undefined | Unavailable>()
  parts.forEach((part, n) => {
    const reply = replies[n]
    const from = part.keys.length
    part.records.forEach((name, at) => {
      const version =
        reply instanceof Error ? { unavailable: reply } : versionIn((reply as unknown[])[from + at])
      records.set(name, version)
      if (typeof version === 'string' && reach.names.isSpace(name)) reach.spaces.set(name, version)
    })
  })
  return records
}

/** What records say about keys and tags. */
export function stateIn(
  { router, names }: Reach,
  records: Records,
  keys: readonly string[],
  tags: readonly string[],
): ReadResult {
  return {
    keys: keys.map((key) => {
      const space = records.get(names.space(router.slot(names.entry(key))))
      return typeof space === 'object' ? space : { found: undefined, space }
    }),
    versions: tags.map((tag) => records.get(names.tag(tag))),
  }
}

/** The namespace's version in an answer about its record, which is kept in mind. */
export function spaceIn(
  { spaces }: Pick<Reach, 'spaces'>,
  name: string,
  answer: unknown,
): Version | undefined | Unavailable {
  const version = versionIn(answer)
  if (typeof version === 'string' && spaces.get(name) !== version) spaces.set(name, version)
  return version
}

/** The version in an answer about a record. */
export function versionIn(answer: unknown): Version | undefined | Unavailable {
  if (Buffer.isBuffer(answer)) return answer.toString('latin1')
  return Array.isArray(answer) ? refused(answer[0]) : undefined
}

/** What a script says when the server refused a part of it. */
export function refused(answer: unknown): Unavailable {
  return { unavailable: unavailable(`redis refused: ${String(answer)}`) }
}

/** There should have been an answer. */
export function missing(): Unavailable {
  return { unavailable: unavailable('redis gave no answer for it') }
}
