import type { LoaderContext } from '../cache/context.js'
import type { Answer } from '../cache/answer.js'
import { createReading } from '../cache/reading.js'
import { read } from '../cache/read.js'
import { runInScope } from '../cache/scope.js'
import { finishBehind } from './aftermath.js'
import { pagePolicy } from './policy.js'
import { runDetached } from './run-handler.js'
import type { Made } from './run.js'
import { placeOf } from './sticky-vary.js'
import type { StoredPage } from './stored-page.js'
import type { Entered } from './visit.js'

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
  void finishBehind(entered, key, reading).finally(() => refreshing.delete(key))
}
