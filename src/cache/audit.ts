import { isDeepStrictEqual } from 'node:util'
import type { Cancel } from '../base/clock.js'
import { copyOut } from '../store/value.js'
import type { LoaderContext } from './context.js'
import { readable, type Audit, type Core, type Served } from './core.js'
import { lookup } from './lookup.js'
import type { AuditSettings } from './options.js'
import { runInScope } from './scope.js'

/** Audits under way, at most: beyond it hits are not drawn, so that a slow source is not asked ever more. */
const AT_ONCE_AT_MOST = 16

/**
 * Checks some of the hits against the truth.
 *
 * A hit at 0 is checked at `after`: the loader says what is true now. If it says something else, either something was
 * invalidated meanwhile, then the entry is not valid any more; or the writer is between its write and its invalidation, then
 * it is not valid at 2 × `after`; or nobody has invalidated it and nobody will. Only the last is told. So an invalidation need
 * not be watched for, which a process without a bus could not do anyway: it is seen by what it leaves behind.
 */
export function createAudit(core: Core, { sample, afterMs, onStale }: AuditSettings): Audit {
  const running = new Set<Cancel>()
  const ended = new AbortController()
  let under = 0

  core.endings.add(() => {
    ended.abort()
    for (const cancel of running) cancel()
    running.clear()
  })

  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = core.clock.after(afterMs, () => {
        running.delete(cancel)
        resolve()
      })
      running.add(cancel)
    })

  const check = async (
    key: string,
    served: Served,
    loader: (context: LoaderContext) => unknown,
  ): Promise<void> => {
    const servedAt = core.clock.now()
    await wait()
    if (!(await holds(core, key, served))) return
    core.counters.audits++
    const truth = await loader(contextFor(key, ended.signal))
    if (isDeepStrictEqual(truth, served.value)) return
    await wait()
    if (core.closed || !(await holds(core, key, served))) return
    core.counters.auditFindings++
    const { value, loadedAt, tags, versions } = served
    const finding = {
      key: readable(key),
      served: value,
      truth,
      loadedAt,
      servedAt,
      tags: tags.map((tag, index) => ({ tag, version: versions[index]! })),
    }
    if (core.events.wants('audit')) core.events.emit('audit', finding)
    onStale?.(finding)
  }

  return {
    hit(key, served, loader) {
      if (under >= AT_ONCE_AT_MOST || core.random.fraction() >= sample) return
      under++
      const { value, loadedAt, tags, versions } = served
      // The caller may change what is its own.
      const kept: Served = { value: copyOut(value), loadedAt, tags, versions }
      // Not part of what the caller is making. A loader that fails says nothing of what is true.
      runInScope(undefined, () => check(key, kept, loader))
        .catch(() => {})
        .finally(() => under--)
    },
  }
}

/** True while a read would still be served this very entry. */
async function holds(core: Core, key: string, { loadedAt, tags }: Served): Promise<boolean> {
  const now = core.clock.now()
  if (core.remotes.length === 0) {
    const kept = core.near?.peek(key)
    return kept?.valid === true && kept.entry.loadedAt === loadedAt && now < kept.entry.freshUntil
  }
  const {
    seen: [seen],
  } = await lookup(core, [key], tags)
  return seen !== undefined && seen.judged.loadedAt === loadedAt && now < seen.judged.freshUntil
}

/** For a load that keeps nothing: what the loader says of its value goes nowhere. */
function contextFor(key: string, signal: AbortSignal): LoaderContext {
  const ignore = (): void => {}
  return {
    key: readable(key),
    signal,
    stale: undefined,
    tag: ignore,
    ttl: ignore,
    grace: ignore,
    skip: ignore,
    private: ignore,
  }
}
