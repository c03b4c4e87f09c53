import type { Outcome, Unavailable, Version } from '../../src/store/store.js'
import { run } from './calls.js'
import { toError } from './failures.js'
import { announce, announcedIn, type Reach, within } from './reach.js'
import { ensure, missing } from './records.js'
import { INVALIDATE } from './scripts.js'

/** Records in one script at most. */
const MOST = 500

export async function note(
  reach: Reach,
  tags: readonly string[],
  keepMs: number,
): Promise<readonly (Version | Unavailable)[]> {
  const answers = await within(reach, () =>
    inOrder(reach, tags.map(reach.names.tag), async (some) => {
      const records = await ensure(reach, some, keepMs)
      return some.map((name) => records.get(name) ?? missing())
    }),
  )
  return answers.map((answer) => (answer instanceof Error ? { unavailable: answer } : answer))
}

export async function invalidate(
  reach: Reach,
  tags: readonly string[],
  versions: readonly Version[],
  announcement: string | undefined,
): Promise<readonly Outcome[]> {
  return replace(reach, tags.map(reach.names.tag), versions, announcement)
}

/** Replaces the namespace's version wherever it is kept. Rejects when one could not be, having replaced the others. */
export async function clear(
  reach: Reach,
  version: Version,
  announcement: string | undefined,
): Promise<void> {
  const { spaces } = reach.names
  const outcomes = await replace(
    reach,
    spaces,
    spaces.map(() => version),
    announcement,
  )
  const failed = outcomes.find((outcome) => outcome !== undefined)
  if (failed !== undefined) throw failed
  for (const name of spaces) reach.spaces.set(name, version)
}

async function replace(
  reach: Reach,
  records: readonly string[],
  versions: readonly Version[],
  announcement: string | undefined,
): Promise<readonly Outcome[]> {
  const { clustered } = reach.router
  return within(reach, async () => {
    const outcomes = await inOrder(reach, records, async (some, from) => {
      const last = from + some.length === records.length
      const args = announce(reach, last && !clustered ? announcement : undefined)
      await run(reach.router, INVALIDATE, some, [
        ...args,
        ...versions.slice(from, from + some.length),
      ])
      return some.map(() => undefined)
    })
    const announced = clustered ? await announcedIn(reach, announcement) : undefined
    return outcomes.map((outcome) => outcome ?? announced)
  })
}

/**
 * Does something with records so that the first is done before any other and the last after every other.
 *
 * On one server all are done in the order given. In a cluster those between go out together: three steps, however
 * many there are. A redirection cannot break it, since each step waits for the answers to the one before.
 */
async function inOrder<T>(
  reach: Reach,
  records: readonly string[],
  each: (some: readonly string[], from: number) => Promise<readonly T[]>,
): Promise<(T | Error)[]> {
  const answers: (T | Error)[] = []
  for (const step of reach.router.clustered
    ? inThree(records.length)
    : [inChunks(records.length)]) {
    const parts = step.map(([from, to]) => ({ from, some: records.slice(from, to) }))
    const results = await Promise.allSettled(parts.map(({ some, from }) => each(some, from)))
    results.forEach((result, n) => {
      if (result.status === 'fulfilled') answers.push(...result.value)
      else answers.push(...parts[n]!.some.map(() => toError(result.reason)))
    })
  }
  const [first] = answers
  if (first instanceof Error && answers.every((answer) => answer instanceof Error)) throw first
  return answers
}

type Span = readonly [from: number, to: number]

function inThree(length: number): readonly (readonly Span[])[] {
  const singles = Array.from({ length }, (_, at): Span => [at, at + 1])
  return [singles.slice(0, 1), singles.slice(1, -1), singles.slice(1).slice(-1)]
}

function inChunks(length: number): readonly Span[] {
  const chunks: Span[] = []
  for (let at = 0; at < length; at += MOST) chunks.push([at, Math.min(at + MOST, length)])
  return chunks
}
