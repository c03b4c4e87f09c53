import { dropKeys } from '../cache/change.js'
import { report } from '../cache/core.js'
import type { Answer } from '../cache/answer.js'
import type { Made } from './run.js'
import type { Entered } from './visit.js'

/** How long after a response that was for one visitor the next ones do not wait for each other, ms. */
const PASS_MS = 1_000

/** Reasons for which the page in its old form is not for everybody any more either. */
const DISOWNED = new Set(['no-store', 'private', 'set-cookie', 'private-part', 'personal'])

/** What follows from how a page is made behind a stale answer, when it has been made. Never rejects. */
export async function finishBehind(
  entered: Entered,
  key: string,
  reading: Promise<Answer<Made>>,
): Promise<void> {
  const { core } = entered.shared
  try {
    const answer = await reading
    afterwards(entered, key, answer)
    if ('refused' in answer.value && DISOWNED.has(answer.value.refused)) {
      await dropKeys(core, [key])
    }
  } catch (error) {
    report(core, error, 'refresh', { key })
  }
}

/** What follows from how a page was made: a response for one visitor is not waited for a while, variants are bounded. */
export function afterwards(
  { shared, at }: Pick<Entered, 'shared' | 'at'>,
  key: string,
  answer: Answer<Made> | undefined,
): void {
  if (answer === undefined || answer.state !== 'miss') return
  const { core, passes, bound } = shared
  const { value } = answer
  if ('refused' in value) {
    const why = value.refused
    if (why !== 'aborted') passes.set(key, { until: core.clock.now() + PASS_MS, why })
    return
  }
  // A page told apart by nothing is the only one of its URL.
  if (value.page === null || value.vary.length === 0) return
  const surplus = bound.note(at.key, key)
  if (surplus !== undefined) {
    dropKeys(core, [surplus]).catch((error: unknown) => report(core, error, 'delete'))
  }
}
