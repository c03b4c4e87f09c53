import type { Cache } from '../../cache/cache.js'
import type { HistoryRecord, InvalidationRecord } from './record.js'

/** Where the truth is: rows with a number that only grows. Shared by all processes. */
export interface Source {
  read(subject: string): Promise<number>
  /** Adds one, and answers the new number once every reader can see it. */
  increase(subject: string): Promise<number>
}

export interface HistoryActors {
  /** Default: 6. */
  readonly readers?: number
  /** Each changes a row and then invalidates it. Default: 2. */
  readonly writers?: number
}

export interface HistoryWork extends HistoryActors {
  /** Names this process in the history. */
  readonly process: string
  readonly subjects: readonly string[]
  readonly forMs: number
}

/** Now, in milliseconds of the machine's monotonic clock: the same in all its processes. */
export function moment(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Reads, writes and invalidates through a cache for a while, and answers what happened, for `checkHistory`. Run it in several
 * processes over one store at once, and do to the store what has to be survived.
 */
export async function recordHistory(
  cache: Cache,
  source: Source,
  { process: name, subjects, forMs, readers = 6, writers = 2 }: HistoryWork,
): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = []
  const until = moment() + forMs
  let loads = 0
  const drawn = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!
  const pause = (mostMs: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, Math.random() * mostMs))

  const load = async (subject: string): Promise<{ load: string; version: number }> => {
    const began = moment()
    const id = `${name}#${++loads}`
    const version = await source.read(subject)
    records.push({ kind: 'load', process: name, id, subject, began, version })
    // Long enough to be overtaken.
    if (Math.random() < 0.5) await pause(20)
    return { load: id, version }
  }

  const reading = async (): Promise<void> => {
    while (moment() < until) {
      const subject = drawn(subjects)
      const started = moment()
      const given = await cache.getOrSet(['row', subject], () => load(subject), {
        tags: [`row:${subject}`],
        ttl: '1h',
      })
      records.push({ kind: 'read', process: name, subject, started, ended: moment(), ...given })
      await pause(3)
    }
  }

  const writing = async (): Promise<void> => {
    while (moment() < until) {
      const subject = drawn(subjects)
      const version = await source.increase(subject)
      const how = Math.random() < 0.5 ? 'delete' : 'invalidateTags'
      const record: { -readonly [Name in keyof InvalidationRecord]: InvalidationRecord[Name] } = {
        kind: 'invalidation',
        process: name,
        subject,
        how,
        called: moment(),
        returned: undefined,
        delivered: undefined,
        version,
      }
      records.push(record)
      const receipt =
        how === 'delete'
          ? await cache.delete(['row', subject])
          : await cache.invalidateTags(`row:${subject}`)
      record.returned = moment()
      if (!receipt.pending) record.delivered = record.returned
      else {
        receipt.delivered.then(
          () => {
            record.delivered = moment()
          },
          () => {},
        )
      }
      await pause(60)
    }
  }

  await Promise.all([
    ...Array.from({ length: readers }, reading),
    ...Array.from({ length: writers }, writing),
  ])
  return records
}
