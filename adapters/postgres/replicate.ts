/**
 * Hears what is written from the server's own log: logical replication with `pgoutput`. Nothing runs inside the transactions of writers, so
 * a busy database pays for reading its log once, and not per statement.
 *
 * An event may come before its commit is visible: the log is sent when it is on disk, while the transaction still waits for a
 * synchronous standby, or for its turn to be taken off the list of those that run. An answer loaded in between is the old one, and
 * nothing would ever invalidate it. So each commit is looked up in a snapshot of now, on another connection:
 *
 * 1. visible: what it touches is invalidated, and done;
 * 2. not yet: the event is a mark. Loads of its tables in this process are not kept, and if it lasts what it touches is invalidated; the
 *    snapshot is looked at again until the commit is in it. Then what it touches is invalidated, again or for the first time, and the
 *    mark is lifted.
 *
 * The second is not rare: on an idle server with a fast disk, every third event or so was ahead of its commit.
 *
 * A position is acknowledged when the invalidations before it are done, so a permanent slot sends again what a process that died
 * had not got to.
 */
import { hear } from './hear.js'
import type { Listening } from './listen-options.js'
import {
  resolveReplicate,
  type ReplicateOptions,
  type ReplicationSink,
} from './replicate-options.js'
import { openReplication } from './replication.js'

/**
 * Invalidates what writers outside the application change, by logical replication, for as long as it is not closed. Needs the
 * packages `pg` and `pg-logical-replication`, and a server with `wal_level = logical`.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a wrong option.
 */
export function replicateChanges(queries: ReplicationSink, options: ReplicateOptions): Listening {
  const settings = resolveReplicate(options)
  return hear(queries, settings, (feed, signal) => openReplication(settings, queries, feed, signal))
}
