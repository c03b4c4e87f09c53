import { CacheError } from '../base/errors.js'
import { report, type Core } from './core.js'

/** Ends a cache in order: no new work, running loads finish (bounded), what is pending is delivered, connections end. */
export async function closeCore(core: Core): Promise<void> {
  // None of our timers keeps the process alive, and connections may be gone: whoever waits for the end is to see it.
  const alive = setInterval(() => {}, 2 ** 31 - 1)
  try {
    await endInOrder(core)
  } finally {
    clearInterval(alive)
  }
}

async function endInOrder(core: Core): Promise<void> {
  core.closed = true
  core.trusted = false
  for (const stop of core.endings) stop()
  const { closeTimeoutMs } = core.settings
  const until = core.clock.now() + closeTimeoutMs
  const running = [...core.loads.values(), ...core.apart]
  if (running.length > 0) {
    await bounded(core, closeTimeoutMs, Promise.allSettled(running.map((load) => load.done)))
    const reason = new CacheError('CACHE_CLOSED', 'the cache was closed while this was loading')
    for (const load of [...core.loads.values(), ...core.apart]) load.abort(reason)
  }
  const journals = [
    ...core.remotes.map(({ journal }) => journal),
    ...(core.busJournal ? [core.busJournal] : []),
  ]
  await bounded(
    core,
    Math.max(0, until - core.clock.now()),
    Promise.all(journals.map((journal) => journal.replay())),
  )
  for (const journal of journals) journal.close()
  const graceMs = Math.max(0, until - core.clock.now())
  const ends: Promise<void>[] = core.remotes.map(({ store }) => store.close(graceMs))
  if (core.bus !== undefined) ends.push(core.bus.close())
  for (const end of await Promise.allSettled(ends)) {
    if (end.status === 'rejected') report(core, end.reason, 'close')
  }
  core.near?.close()
}

async function bounded(core: Core, ms: number, work: Promise<unknown>): Promise<void> {
  let cancel = (): void => {}
  const timeout = new Promise<void>((resolve) => {
    cancel = core.clock.after(ms, resolve)
  })
  await Promise.race([work, timeout])
  cancel()
}
