import type { TableChange } from '../../src/query/index.js'
import type { PgClient } from './client.js'
import type { Described } from './described.js'
import type { Feed, Passed } from './feed.js'
import { Gathered } from './gather.js'
import { isVisible, parsePosition, parseSnapshot } from './positions.js'
import type { ReplicationSink } from './replicate-options.js'
import type { Stream, StreamMessage } from './stream.js'

/** A transaction that has committed. */
interface Commit {
  readonly xid: number
  /** Behind its commit record. */
  readonly end: bigint
  readonly changes: readonly TableChange[]
}

/** How long until a commit that was not visible is looked at again, ms: at first, and at most. */
const LOOK_AGAIN_MS = 2
const LOOK_AGAIN_AT_MOST_MS = 100

export interface Passing {
  readonly message: (message: StreamMessage) => void
  readonly position: (position: bigint) => void
}

interface PassOn {
  readonly queries: ReplicationSink
  readonly feed: Feed
  readonly ask: (text: string, values?: string[]) => ReturnType<PgClient['query']>
  readonly described: Described
  readonly lost: PromiseWithResolvers<unknown>
  readonly stream: () => Stream | undefined
}

/** From messages to invalidations, transaction by transaction and in their order. */
export function passOn({ queries, feed, ask, described, lost, stream }: PassOn): Passing {
  let xid = 0
  let gathered: Gathered | undefined
  let unreadable: unknown
  const waiting: Commit[] = []
  let running = false
  /** Acknowledgements that wait for a store. */
  let undelivered = 0
  let delivering: Promise<unknown> = Promise.resolve()

  function message(message: StreamMessage): void {
    switch (message.tag) {
      case 'begin':
        xid = message.xid
        gathered = new Gathered()
        return
      case 'insert':
      case 'update':
      case 'delete':
        return gathered?.add(message, described.keysOf(message.relation))
      case 'truncate':
        for (const relation of message.relations) if (relation) gathered?.any(relation)
        return
      case 'unreadable':
        // The next connection begins with everything invalidated, or has the message sent again.
        unreadable = message.error
        return lost.resolve(unreadable)
      case 'commit':
        return commit(message.commitEndLsn)
      case 'relation':
        return described.relation(message)
      default:
    }
  }

  function commit(position: string | null): void {
    const changes = gathered?.changes() ?? []
    gathered = undefined
    if (unreadable !== undefined) return
    waiting.push({ xid, changes, end: parsePosition(position ?? '0/0') })
    if (!running) void run()
  }

  async function run(): Promise<void> {
    running = true
    try {
      while (waiting.length > 0) {
        const commits = waiting.splice(0)
        acknowledge(commits.at(-1)!.end, await invalidate(commits))
      }
    } catch (error) {
      lost.resolve(error)
    }
    running = false
  }

  /** In the order of the log: what a store could not be told yet is remembered by this process, and no process may end meanwhile. */
  function acknowledge(end: bigint, passed: readonly Passed[]): void {
    const pending = passed.flatMap(({ delivered }) => delivered ?? [])
    if (undelivered === 0 && pending.length === 0) return stream()?.acknowledge(end)
    undelivered++
    delivering = Promise.all([delivering, ...pending])
      .then(() => stream()?.acknowledge(end))
      .finally(() => undelivered--)
    // The cache was closed: whoever comes next hears it again.
    delivering.catch(() => {})
  }

  async function invalidate(commits: readonly Commit[]): Promise<readonly Passed[]> {
    const [seen, unseen] = await look(commits)
    const passed = await pass(seen)
    return unseen.length === 0 ? passed : [...passed, ...(await invalidateMarked(unseen))]
  }

  function pass(commits: readonly Commit[]): Promise<Passed[]> {
    return Promise.all(
      commits.flatMap(({ changes }) => changes.map((change) => feed.changed(change))),
    )
  }

  async function invalidateMarked(commits: readonly Commit[]): Promise<readonly Passed[]> {
    const marked = new Set(commits.flatMap(({ changes }) => changes.map((change) => change.table)))
    const lift = queries.use({
      beforeLoad: ({ tables }) =>
        tables.some((table) => marked.has(table)) ? { keep: false } : undefined,
    })
    try {
      // Most are visible a moment later. For one that takes its time, answers from before are not served meanwhile.
      let [, left] = await look(commits)
      if (left.length > 0) await pass(commits)
      for (let ms = LOOK_AGAIN_MS; left.length > 0; ms = Math.min(2 * ms, LOOK_AGAIN_AT_MOST_MS)) {
        await pause(ms)
        left = (await look(left))[1]
      }
      return await pass(commits)
    } finally {
      lift()
    }
  }

  /** Those that every query from now on sees, and those that it may not. */
  async function look(commits: readonly Commit[]): Promise<[Commit[], Commit[]]> {
    const { rows } = await ask('SELECT pg_catalog.pg_current_snapshot()::text AS snapshot')
    const snapshot = parseSnapshot(String(rows[0]?.snapshot))
    const seen: Commit[] = []
    const unseen: Commit[] = []
    for (const commit of commits) (isVisible(snapshot, commit.xid) ? seen : unseen).push(commit)
    return [seen, unseen]
  }

  async function pause(ms: number): Promise<void> {
    const woken = Promise.withResolvers<unknown>()
    const timer = setTimeout(woken.resolve, ms)
    const gone = lost.promise.then((reason) => {
      throw reason
    })
    await Promise.race([woken.promise, gone]).finally(() => clearTimeout(timer))
  }

  return {
    message,
    position(position) {
      // In the middle of a transaction, or with some not done with, it says nothing about them.
      if (gathered === undefined && !running && waiting.length === 0 && undelivered === 0)
        stream()?.acknowledge(position)
    },
  }
}
