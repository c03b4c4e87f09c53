/**
 * Judges what readers were given, by promises 1 to 3 of the coherence protocol.
 *
 * Every beginning and end is numbered in one sequence. A value tells which load made it. A read that starts after an invalidation
 * has taken effect for its process must not be given a value whose load began before that invalidation was called. It takes
 * effect when the call returns; for the memory of another process when the message arrives there; while it is pending, for the
 * caller's own process only, and for the others when it is delivered.
 */
export interface LoadRecord {
  readonly id: number
  readonly process: string
  began: number
  ended: number | undefined
  /** The version of the row that it read. */
  readonly version: number
  /** Moment its value stops being fresh, ms; set when it ends. */
  freshUntil: number
}

export interface ReadRecord {
  readonly process: string
  readonly started: number
  readonly startedAt: number
  given: { readonly load: number; readonly state: string } | undefined
}

export interface InvalidationRecord {
  readonly id: number
  readonly process: string
  readonly what: string
  readonly called: number
  returned: number | undefined
  /** When it was delivered everywhere: the return, or later where it was pending. */
  delivered: number | undefined
  /** When each other process heard of it. */
  readonly heard: Map<string, number>
}

export class Checker {
  readonly #withMemory: ReadonlySet<string>
  readonly loads: LoadRecord[] = []
  readonly reads: ReadRecord[] = []
  readonly invalidations: InvalidationRecord[] = []
  #moment = 0
  /** The row in the database. */
  version = 1

  constructor(withMemory: Iterable<string>) {
    this.#withMemory = new Set(withMemory)
  }

  moment(): number {
    return ++this.#moment
  }

  loadBegins(process: string): LoadRecord {
    const load: LoadRecord = {
      id: this.loads.length,
      process,
      began: this.moment(),
      ended: undefined,
      version: this.version,
      freshUntil: Infinity,
    }
    this.loads.push(load)
    return load
  }

  /** The moment from which an invalidation binds the readers of a process. */
  #effective(invalidation: InvalidationRecord, process: string): number {
    const { returned, delivered, heard } = invalidation
    if (returned === undefined) return Infinity
    if (invalidation.process === process) return returned
    if (delivered === undefined) return Infinity
    if (!this.#withMemory.has(process)) return delivered
    return Math.max(delivered, heard.get(process) ?? Infinity)
  }

  /** A sentence for each promise that was broken. */
  violations(): string[] {
    return this.reads.flatMap((read) => {
      if (read.given === undefined) return []
      const load = this.loads[read.given.load]
      if (load === undefined)
        return [`a read of ${read.process} was given a value that nobody loaded`]
      const found: string[] = []
      for (const invalidation of this.invalidations) {
        if (load.began >= invalidation.called) continue
        if (read.started <= this.#effective(invalidation, read.process)) continue
        found.push(
          `promise 1: a read of ${read.process} that started after ${invalidation.what} by ${invalidation.process} had taken effect ` +
            `was given version ${load.version}, whose load by ${load.process} began before it (${read.given.state})`,
        )
      }
      if (read.given.state === 'hit' && read.startedAt >= load.freshUntil) {
        found.push(`promise 3: a read of ${read.process} was given an expired value as a hit`)
      }
      return found
    })
  }

  /** Every message has arrived: from now on nobody is excused by not having heard. */
  quiet(): void {
    for (const invalidation of this.invalidations) {
      for (const process of this.#withMemory) {
        if (!invalidation.heard.has(process)) invalidation.heard.set(process, this.#moment)
      }
    }
  }

  /** Loads beyond the first, in a run in which nothing was invalidated and nothing failed. */
  extraLoads(): string[] {
    return this.loads
      .slice(1)
      .map(({ process }) => `promise 2: ${process} loaded although ${this.loads[0]!.process} had`)
  }

  /** What decides the judgement of what is still to come: two runs that agree here are judged alike. */
  fingerprint(): string {
    const before = (moment: number): number[] =>
      this.invalidations.filter(({ called }) => called < moment).map(({ id }) => id)
    return JSON.stringify([
      this.version,
      this.loads.map(({ process, began, ended, version }) => [
        process,
        before(began),
        ended === undefined,
        version,
      ]),
      this.reads.map((read) => [
        read.process,
        read.given,
        this.invalidations
          .filter((invalidation) => this.#effective(invalidation, read.process) < read.started)
          .map(({ id }) => id),
      ]),
      this.invalidations.map(({ id, returned, delivered, heard }) => [
        id,
        returned === undefined,
        delivered === undefined,
        [...heard.keys()].toSorted(),
      ]),
      this.loads.map(({ began }, index) =>
        this.loads.slice(0, index).map(({ ended }) => (ended ?? Infinity) > began),
      ),
    ])
  }
}
