import type { Bus, RemoteStore, StoreContext, Version } from '../../src/store/store.js'
import { Deadlines } from '../../src/store/deadline.js'
import { type RedisBus, listenOn } from './bus.js'
import { command } from './calls.js'
import { sessionOptions } from './client.js'
import { ClusterRouter } from './cluster.js'
import { unavailable } from './failures.js'
import { acquire, fill, holder, release, renew } from './leases.js'
import type { LinkSetup } from './link.js'
import { namesIn } from './names.js'
import { routeToOne } from './one.js'
import type { ResolvedOptions } from './options.js'
import { type Reach, publish } from './reach.js'
import { Reads } from './reads.js'
import { reclaim } from './reclaim.js'
import type { Router } from './router.js'
import type { Plan } from './target.js'
import { Turn } from './turn.js'
import { clear, invalidate, note } from './versions.js'
import { drop, swap, write } from './writes.js'

/** Opens a store on the servers of a plan; the first operation connects. */
export function openStore(
  plan: Plan,
  options: ResolvedOptions,
  context: StoreContext,
): RemoteStore {
  const reach = reachFor(plan, options, context)
  const { router, names, reads, deadlines, spaces } = reach
  const bus = busFor(plan, options, reach)
  let stopReclaiming: (() => void) | undefined
  let closing: Promise<void> | undefined
  return {
    kind: 'remote',
    read: (keys, tags) => reads.read(keys, tags),
    // Where the answers come from several servers, they do not come together.
    ...(router.clustered ? {} : { sheet: () => reads.sheet() }),
    acquire: (keys, tags, leaseMs, keepMs) => acquire(reach, keys, tags, leaseMs, keepMs),
    renew: (key, lease, leaseMs) => renew(reach, key, lease, leaseMs),
    release: (key, lease) => release(reach, key, lease),
    fill: (fills, tags) => fill(reach, fills, tags),
    note: (tags, keepMs) => note(reach, tags, keepMs),
    lastSpace: (key) => spaces.get(names.space(router.slot(names.entry(key)))),
    write: (writes, tags, announcement) => write(reach, writes, tags, announcement),
    swap: (put, expected, announcement) => swap(reach, put, expected, announcement),
    drop: (keys, announcement) => drop(reach, keys, announcement),
    invalidate: (tags, versions, announcement) => invalidate(reach, tags, versions, announcement),
    async clear(version, announcement) {
      await clear(reach, version, announcement)
      stopReclaiming?.()
      stopReclaiming = reclaim(reach)
    },
    holder: (key) => holder(reach, key),
    bus,
    health: () => router.health(),
    close(graceMs) {
      closing ??= (async () => {
        stopReclaiming?.()
        await Promise.all([bus.close(), idle(deadlines, context, graceMs)])
        router.close()
        deadlines.close()
      })()
      return closing
    },
  }
}

/** Opens only what carries messages. */
export function openBus(plan: Plan, options: ResolvedOptions, context: StoreContext): Bus {
  const reach = reachFor(plan, options, context)
  const bus = busFor(plan, options, reach)
  return {
    subscribe: (listener) => bus.subscribe(listener),
    publish: (text) => bus.publish(text),
    async close() {
      await bus.close()
      reach.router.close()
      reach.deadlines.close()
    },
  }
}

function reachFor(plan: Plan, options: ResolvedOptions, context: StoreContext): Reach {
  const deadlines = new Deadlines(context.clock, options.deadlineMs)
  const prefix = plan.keyPrefix + options.prefix
  const names = namesIn(prefix, context.namespace, plan.kind === 'cluster')
  const turn = new Turn()
  const router = routerFor(plan, options, { context, deadlines, turn })
  const spaces = new Map<string, Version>()
  const reads = new Reads(router, names, spaces, turn, context)
  return { context, router, names, reads, deadlines, spaces }
}

/** Waits until nothing runs any more, at most `graceMs`. */
async function idle(deadlines: Deadlines, { clock }: StoreContext, graceMs: number): Promise<void> {
  // What was asked for in this tick counts as running once the tick is over.
  await new Promise((resolve) => setImmediate(resolve))
  const over = Promise.withResolvers<void>()
  const cancel = clock.after(graceMs, over.resolve)
  await Promise.race([deadlines.idle(), over.promise])
  cancel()
}

function routerFor(
  plan: Plan,
  options: ResolvedOptions,
  means: Pick<LinkSetup, 'context' | 'deadlines' | 'turn'>,
): Router {
  const { connectMs, failures, retryAtMostMs } = options
  const session = sessionOptions(connectMs)
  const shared = { ...means, connectMs, failures, retryAtMostMs }
  if (plan.kind === 'one') {
    return routeToOne(plan.server, { ...shared, make: () => plan.make(session) })
  }
  const { seeds, natMap } = plan
  return new ClusterRouter({
    ...shared,
    seeds,
    natMap,
    make: (address) => plan.make(address, session),
  })
}

function busFor(plan: Plan, options: ResolvedOptions, reach: Reach): RedisBus {
  const { context, names, router } = reach
  const { connectMs, heartbeatMs, retryAtMostMs } = options
  const session = sessionOptions(connectMs)
  const slot = router.slot(names.channel)
  let at: string | undefined
  /** Asks the server that has the channel, so that we listen where others are heard to publish. */
  const check = async () => {
    await command(router, 'exists', [names.channel], slot)
    const server = router.link(slot)?.server
    if (at !== undefined && server !== at) throw unavailable('another server has the channel now')
    return server
  }
  const bus = listenOn({
    context,
    channel: names.channel,
    connectMs,
    heartbeatMs,
    retryAtMostMs,
    publish: (text) => publish(reach, text),
    check,
    make: async () => {
      at = undefined
      at = await check()
      if (plan.kind === 'one') return plan.make(session)
      return plan.make(router.address(slot)!, session)
    },
  })
  router.onMove = () => {
    const link = router.link(slot)
    if (at !== undefined && !(link?.server === at && link.circuit.closed)) {
      bus.move(unavailable('the server that has the channel was lost, or it is another now'))
    }
  }
  return bus
}
