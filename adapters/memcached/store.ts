import { Deadlines } from '../../src/store/deadline.js'
import type { RemoteStore, Store } from '../../src/store/store.js'
import { drop, swap, write } from './changes.js'
import { fill } from './fill.js'
import { acquire, holder, release, renew } from './leases.js'
import { Link } from './link.js'
import { Names } from './names.js'
import { resolveOptions, type MemcachedStoreOptions } from './options.js'
import { read } from './reads.js'
import { clear, invalidate, note } from './records.js'
import { Servers } from './servers.js'
import { serversOf, type MemcachedTarget } from './target.js'

/**
 * Keeps entries on one or several Memcached servers, through memjs.
 *
 * Several servers share the keys by consistent hashing: each key lives on one of them, every process agrees on which,
 * and adding a server moves about 1/n of the keys. A server that does not answer keeps its keys: they are loaded and
 * not stored until it is back, and everything on the others goes on.
 *
 * Connections open at first use, one to each server, next to those of a `Client` that is handed in, which is never
 * closed. The package `memjs` has to be installed: without it the first operation fails with `CACHE_PEER_MISSING`.
 *
 * Default target: `'localhost:11211'`.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` naming the option.
 */
export function memcachedStore(
  target: MemcachedTarget = 'localhost:11211',
  options: MemcachedStoreOptions = {},
): Store {
  const { deadlineMs, connectMs, prefix, ...credentials } = resolveOptions(options)
  const servers = serversOf(target, credentials).map((server) => ({ ...server, connectMs }))
  return {
    name: 'memcached',
    open(context) {
      const deadlines = new Deadlines(context.clock, deadlineMs)
      const links = servers.map((server) => new Link(server, deadlines, context))
      const names = new Names(prefix, context.namespace)
      return remote(new Servers(links, names, deadlines, context))
    },
  }
}

function remote(servers: Servers): RemoteStore {
  const { links, ring } = servers
  let closing: Promise<void> | undefined
  return {
    kind: 'remote',
    read: (keys, tags) => read(servers, keys, tags),
    acquire: (keys, tags, leaseMs) => acquire(servers, keys, tags, leaseMs),
    renew: (_key, lease, leaseMs) => renew(servers, lease, leaseMs),
    release: (_key, lease) => release(servers, lease),
    fill: (fills, tags) => fill(servers, fills, tags),
    note: (tags) => note(servers, tags),
    lastSpace: (key) => ring.of(key).lastSpace,
    write: (writes, tags) => write(servers, writes, tags),
    swap: (write, expected) => swap(servers, write, expected),
    drop: (keys) => drop(servers, keys),
    invalidate: (tags, versions) => invalidate(servers, tags, versions),
    clear: (version) => clear(servers, version),
    holder: (key) => holder(servers, key),
    health: () => links.map((link) => link.health),
    close: (graceMs) => (closing ??= servers.close(graceMs)),
  }
}
