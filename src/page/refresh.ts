import { dropKeys } from '../cache/change.js'
import type { LoaderContext } from '../cache/context.js'
import { report } from '../cache/core.js'
import { type Answer, createReading, read } from '../cache/read.js'
import { runInScope } from '../cache/scope.js'
import { afterwards } from './aftermath.js'
import { pagePolicy } from './policy.js'
import { runDetached } from './run-handler.js'
import type { Made } from './run.js'
import { placeOf } from './sticky-vary.js'
import type { StoredPage } from './stored-page.js'
import type { Entered } from './visit.js'

/** Reasons for which the page in its old form is not for everybody any more either. */
const DISOWNED = new Set(['no-store', 'private', 'set-cookie', 'private-part', 'personal'])

/** Makes a page anew behind a stale answer, once at a time in this process and across processes. */
export function refresh(
  entered: Entered,
  key: string,
  names: readonly string[],
  stale: StoredPage,
): void {
  const { core, refreshing } = entered.shared
  if (refreshing.has(key)) return
  refreshing.add(key)
  const loader = async (context: LoaderContext): Promise<Made> => {
    const place = await placeOf(entered, context, names)
    return 'pointer' in place ? place.pointer : runDetached(entered, place.names, context, 'stale')
  }
  const policy = pagePolicy(entered, stale)
  const reading = runInScope(undefined, () =>
    read(core, createReading(key, loader as never, policy, undefined)),
  ) as Promise<Answer<Made>>
  reading
    .then(async (answer) => {
      afterwards(entered, key, answer)
      if ('refused' in answer.value && DISOWNED.has(answer.value.refused)) {
        await dropKeys(core, [key])
      }
    })
    .catch((error: unknown) => report(core, error, 'refresh', { key }))
    .finally(() => refreshing.delete(key))
}
