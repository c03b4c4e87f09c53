/**
 * `consistency: 'strict'`: no read that begins after a commit is answered with what was before it.
 *
 * Without it there is a moment between a COMMIT and the invalidation that follows: a read in between is answered from before, and if the
 * writer dies in between, until the ttl ends. So what is about to change is marked where every process sees it:
 *
 * 1. the writer marks the tags that the commit will invalidate, and waits for the store to confirm;
 * 2. it invalidates them, and waits until that is delivered; only then, and if the marks are there yet (a process may stand still),
 * 3. it sends the COMMIT, and keeps the marks from running out while it waits for the answer;
 * 4. it invalidates them again;
 * 5. it lifts the marks.
 *
 * A load notes the versions of its tags, then looks for marks, then asks the database. Where it finds one, its answer is not kept and not given
 * to those who wait for it; nor is a replica asked, which may be behind. Now let a read begin after the commit, and suppose it were answered with what was before: then by a load that
 * asked the database before the commit and that saw no mark. It looked before it asked, so not after the mark was lifted; nor while it
 * was there; so before step 1 was done. Then it noted its versions before step 2, and since step 2, which is before the commit, its
 * answer is unusable. Step 4 is not needed for any of this, only for a mark that got lost: a writer that dies before it leaves a mark
 * that runs out, and nothing that was kept.
 *
 * When the outcome of a COMMIT is not known, it may still be carried out: the mark is not lifted, and runs out.
 *
 * What it rests on: the answers are judged by the shared store at each read, so the cache has no process memory in front of it; the
 * store does not lose a mark that it has confirmed (a failover to a replica that is behind, eviction under `allkeys-*`) in the very
 * moment that the writer dies; and a COMMIT is carried out within `markFor` of the death of its sender, or never.
 */
import { toMilliseconds, type Duration } from '../base/duration.js'
import { CacheError, invalidOption } from '../base/errors.js'
import { coreOf, type Cache } from '../cache/cache.js'
import { localMarks, remoteMarks, type Marks } from './marks.js'
import type { Commit, QueryHooks } from './types.js'

const MARK_MS = 60_000

export interface StrictOptions {
  readonly cache: Cache
  readonly markFor: Duration | undefined
  readonly onError: (error: unknown) => void
}

/**
 * The steps around commits and loads that make queries strict.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a cache whose process memory is in front of a shared store.
 */
export function strictHooks(options: StrictOptions): QueryHooks {
  const { cache } = options
  const marks = marksFor(options)
  const marked = new WeakMap<Commit, (abandon: boolean) => void>()
  return {
    async beforeCommit(commit) {
      const lift = await marks.mark(commit.tags)
      try {
        await invalidateNow(cache, commit.tags)
        if (!marks.hold(commit.tags)) {
          throw new CacheError(
            'CACHE_STORE_UNAVAILABLE',
            'what is about to be written was marked, and the mark ran out before it could be sent, so it was not sent',
          )
        }
      } catch (error) {
        lift(false)
        throw error
      }
      marked.set(commit, lift)
    },
    settled(commit, outcome) {
      marked.get(commit)?.(outcome === 'unknown')
    },
    async beforeLoad({ tags }) {
      return (await marks.isMarked(tags)) ? { keep: false, primary: true } : undefined
    },
  }
}

function marksFor({ cache, markFor, onError }: StrictOptions): Marks {
  const core = coreOf(cache)
  const markMs = markFor === undefined ? MARK_MS : toMilliseconds(markFor, 'markFor')
  if (!(markMs > 0 && markMs < 2 ** 31))
    throw invalidOption('markFor', 'longer than 0 and shorter than 24 days', markFor)
  const [nearest] = core.remotes
  if (nearest === undefined) return localMarks(markMs, core.clock)
  if (core.near !== undefined)
    throw invalidOption(
      'consistency',
      "'strict' over a shared store without process memory in front of it, or over process memory alone: other processes drop what is in their memory a moment after the commit",
      'strict',
    )
  const { clock, random } = core
  const marks = remoteMarks({ store: nearest.store, markMs, clock, random, onError })
  core.endings.add(() => marks.close())
  return marks
}

async function invalidateNow(cache: Cache, tags: readonly string[]): Promise<void> {
  const receipt = await cache.invalidateTags(tags)
  if (!receipt.pending) return
  receipt.delivered.catch(() => {})
  throw new CacheError(
    'CACHE_STORE_UNAVAILABLE',
    'what is about to be written could not be invalidated, so it was not sent: a store of the cache cannot be reached',
  )
}
