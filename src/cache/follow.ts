import { readable, report, type Announcement, type Core } from './core.js'
import { overtake } from './ending.js'
import { applyClear, applyKeys, applyTags } from './local.js'

/**
 * Process memory follows the other processes: it listens to the bus and drops what they announce. While it cannot hear, memory
 * is not trusted; when it can again, memory starts empty, and loads and reads that began before may not fill it.
 * `settled` is called whenever it is known whether it can.
 */
export function follow(core: Core, settled: () => void): void {
  const { bus, near } = core
  if (bus === undefined || near === undefined) return
  bus.subscribe({
    up() {
      near.clear()
      core.trusted = true
      core.lookups.clear()
      if (core.closed) core.trusted = false
      settled()
      if (core.events.wants('bus')) core.events.emit('bus', { state: 'up' })
    },
    down(reason) {
      settled()
      if (!core.trusted) return
      core.trusted = false
      near.clear()
      for (const load of core.loads.values()) overtakeUnheard(core, load)
      if (reason) report(core, reason, 'bus')
      if (core.events.wants('bus')) core.events.emit('bus', { state: 'down' })
    },
    message(text) {
      const said = parse(core, text)
      if (said === undefined || said.o === core.origin) return
      if (said.c === 1) applyClear(core)
      if (said.k) applyKeys(core, said.k)
      if (said.t && said.v?.length === said.t.length) applyTags(core, said.t, said.v)
      core.counters.invalidations++
      if (core.events.wants('invalidate')) {
        core.events.emit('invalidate', {
          ...(said.k ? { keys: said.k.map(readable) } : {}),
          ...(said.t ? { tags: said.t } : {}),
          ...(said.c === 1 ? { all: true } : {}),
          remote: true,
          pending: false,
        })
      }
    },
  })
}

/** A load that could be joined because this process heard of changes can be joined no more when it does not hear. */
function overtakeUnheard(core: Core, load: Parameters<typeof overtake>[1]): void {
  if (load.leases.every((lease) => lease === undefined)) overtake(core, load)
}

/** Foreign or damaged messages are told and ignored. */
function parse(core: Core, text: string): Announcement | undefined {
  try {
    const said = JSON.parse(text) as Announcement
    const texts = (list: unknown): boolean =>
      list === undefined || (Array.isArray(list) && list.every((item) => typeof item === 'string'))
    if (typeof said?.o === 'string' && texts(said.k) && texts(said.t) && texts(said.v)) return said
    throw new TypeError('not an announcement')
  } catch (error) {
    report(core, error, 'bus')
    return undefined
  }
}
