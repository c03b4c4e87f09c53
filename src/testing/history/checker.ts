import type { HistoryRecord, InvalidationRecord, LoadRecord, ReadRecord } from './record.js'

export interface HistoryOptions {
  /**
   * How long after an invalidation is delivered another process may still be given what its own memory holds: the time a message
   * takes, or where it cannot be heard, until that is noticed (two heartbeats of the bus). Default: 0, for caches without memory.
   */
  readonly heardWithinMs?: number
}

/** A read that broke the promise, with the shortest part of the history that shows it. */
export interface Violation {
  readonly read: ReadRecord
  readonly load: LoadRecord | undefined
  readonly invalidation: InvalidationRecord
  readonly story: string
}

/**
 * Judges a history by promise 1: once an invalidation has returned, no read that starts later is given what a load made that
 * began before the invalidation was called.
 *
 * An invalidation binds the readers of its own process from its return, and those of the others from its delivery, later by
 * `heardWithinMs`. Independently of loads, a read that is bound must not be given a version from before the invalidation's write.
 * Each subject is judged apart. Costs n log n.
 */
export function checkHistory(
  records: Iterable<HistoryRecord>,
  { heardWithinMs = 0 }: HistoryOptions = {},
): Violation[] {
  const all = [...records]
  const loads = new Map<string, LoadRecord>()
  const reads: ReadRecord[] = []
  const invalidations = new Map<string, InvalidationRecord[]>()
  for (const record of all) {
    if (record.kind === 'load') loads.set(record.id, record)
    else if (record.kind === 'read') reads.push(record)
    else push(invalidations, record.subject, record)
  }
  const bindings = new Map<string, Binding[]>()
  const bindingsOf = ({ process, subject }: ReadRecord): readonly Binding[] => {
    const name = JSON.stringify([process, subject])
    let found = bindings.get(name)
    if (found === undefined) {
      found = bindingsFor(process, invalidations.get(subject) ?? [], heardWithinMs)
      bindings.set(name, found)
    }
    return found
  }
  return reads.flatMap((read): Violation[] => {
    const binding = lastBefore(bindingsOf(read), read.started)
    if (binding === undefined) return []
    const load = loads.get(read.load)
    const { latest, newest } = binding
    const broken =
      load !== undefined && load.began < latest.called
        ? latest
        : read.version < newest.version
          ? newest
          : undefined
    if (broken === undefined) return []
    return [{ read, load, invalidation: broken, story: tell(all, read, load, broken) }]
  })
}

/** What binds a reader from a moment on. */
interface Binding {
  readonly from: number
  /** Of all that bind by then, the one that was called last, and the one that had written the highest version. */
  readonly latest: InvalidationRecord
  readonly newest: InvalidationRecord
}

function bindingsFor(
  process: string,
  invalidations: readonly InvalidationRecord[],
  heardWithinMs: number,
): Binding[] {
  const effective = invalidations
    .flatMap((invalidation) => {
      const { returned, delivered } = invalidation
      if (returned === undefined) return []
      if (invalidation.process === process) return [{ from: returned, invalidation }]
      return delivered === undefined ? [] : [{ from: delivered + heardWithinMs, invalidation }]
    })
    .toSorted((a, b) => a.from - b.from)
  const bindings: Binding[] = []
  for (const { from, invalidation } of effective) {
    const before = bindings.at(-1)
    bindings.push({
      from,
      latest:
        before === undefined || invalidation.called > before.latest.called
          ? invalidation
          : before.latest,
      newest:
        before === undefined || invalidation.version > before.newest.version
          ? invalidation
          : before.newest,
    })
  }
  return bindings
}

function lastBefore(bindings: readonly Binding[], moment: number): Binding | undefined {
  let low = 0
  let high = bindings.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bindings[middle]!.from < moment) low = middle + 1
    else high = middle
  }
  return bindings[low - 1]
}

/** The load, the invalidation and the read, with whatever else was loaded or invalidated of the subject in between. */
function tell(
  records: readonly HistoryRecord[],
  read: ReadRecord,
  load: LoadRecord | undefined,
  invalidation: InvalidationRecord,
): string {
  const from = Math.min(load?.began ?? invalidation.called, invalidation.called)
  const lines: { readonly at: number; readonly text: string }[] = []
  const say = (at: number | undefined, text: string): void => {
    if (at !== undefined && at >= from && at <= read.ended) lines.push({ at, text })
  }
  for (const record of records) {
    if (record.subject !== read.subject) continue
    if (record.kind === 'load') {
      const mark = record === load ? ' ←' : ''
      say(
        record.began,
        `${record.process}: load ${record.id} begins, finds ${record.version}${mark}`,
      )
    } else if (record.kind === 'invalidation') {
      const { process, how, version, called, returned, delivered } = record
      const mark = record === invalidation ? ' ←' : ''
      say(called, `${process}: has written ${version}, calls ${how}${mark}`)
      say(returned, `${process}: ${how} returns${delivered === returned ? '' : ', pending'}${mark}`)
      if (delivered !== returned) say(delivered, `${process}: ${how} is delivered${mark}`)
    }
  }
  say(read.started, `${read.process}: a read starts ←`)
  say(read.ended, `${read.process}: the read is given ${read.version} of load ${read.load} ←`)
  return [
    `${read.subject}: a read of ${read.process} was given what was invalidated before it started`,
    ...lines
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, text }) => `  ${(at - from).toFixed(3).padStart(10)} ms  ${text}`),
  ].join('\n')
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
