import type { Ability, Place } from './contender.js'
import type { Curves } from './curves.js'
import type { Servers } from './servers.js'

/** A contender in one of its setups. */
export interface Entrant {
  readonly contender: string
  /** What the table calls it. Default: the contender's name. */
  readonly as?: string
  readonly place: Place['kind']
  readonly tags?: readonly string[]
}

/** How ours has to stand to the floor: at most so much, or at least. */
export type Target = {
  /** `ratio`: times the floor. Anything else is a unit, and the number is absolute. */
  readonly unit: 'ratio' | 'ms' | 'loads' | 'points' | 'times'
} & ({ readonly atMost: number } | { readonly atLeast: number })

/** One question about time, asked in turns: everybody does the same work, round by round. */
export interface TimedScenario {
  readonly kind: 'timed'
  readonly name: string
  /** The question, as the table is headed. */
  readonly asks: string
  readonly floor: string
  readonly entrants: readonly Entrant[]
  readonly needs?: readonly Ability[]
  readonly target?: Target
  readonly keys: number
  readonly callers: number
  readonly batch?: number
  /** Every read is of a key that nobody has read before. */
  readonly isCold?: boolean
  /** Bound on entries in process memory. Default: twice the keys. */
  readonly maxEntries?: number
  /** Nothing is waited for: judged by CPU time, which is the time that it takes where nobody else wants the core. */
  readonly isComputing?: boolean
  /** Client and server on one core: else one caller who waits measures how long the kernel takes to wake somebody. */
  readonly pinned?: boolean
  /** The most commands that ours may send for the 100 reads of a check (`batch` or `callers` at once). */
  readonly commandsAtMost?: number
}

/** A question that is answered in another way. */
export interface OtherScenario {
  readonly kind: 'other'
  /** Only asked when it is named, and no part of the results: of interest to whoever works on that part. Default: false. */
  readonly byName?: boolean
  readonly name: string
  readonly asks: string
  run(bench: Bench): Promise<Outcome>
  /** Says where the time goes. */
  profile?(bench: Bench): Promise<void>
}

export type Scenario = TimedScenario | OtherScenario

export interface Bench {
  /** Whether an entrant of this name is to take part: `--with express,nginx`. */
  readonly wanted: (name: string) => boolean
  /** Whether `--with` was given. */
  readonly isNamed: boolean
  readonly servers: Servers
  readonly isQuick: boolean
  /** Whether this question was named, and need not be short because all of them are asked. */
  readonly isAskedFor: boolean
  /** Whether the libraries of `benchmarks/peers` are there. */
  readonly havePeers: boolean
  readonly log: (line: string) => void
  /** Notes who is not measured here, and why. */
  readonly leaveOut: (who: string, why: string) => void
}

export interface Row {
  readonly name: string
  /** One per column. */
  readonly cells: readonly string[]
  /** What the plot shows; undefined where there is nothing to show. */
  readonly plotted: number | undefined
}

/** Something that holds or does not, whatever the machine. */
export interface Claim {
  readonly claim: string
  readonly holds: boolean
}

/** A number of ours beside what it is to be. */
export interface Verdict {
  /** What is judged, in a few words; the scenario's question where there is nothing to add. */
  readonly says?: string
  readonly ours: number
  readonly target?: Target | undefined
}

/** More to show of an outcome. */
export interface Part {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly Pick<Row, 'name' | 'cells'>[]
}

export interface Outcome {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  /** What the plotted number is. */
  readonly plots: string
  readonly verdicts: readonly Verdict[]
  readonly claims: readonly Claim[]
  /** Numbers for `--json`. */
  readonly data: unknown
  /** Sentences below the table: who is missing, what is not flat and why. */
  readonly notes?: readonly string[]
  readonly parts?: readonly Part[]
  /** Lines to draw in place of bars. */
  readonly curves?: readonly Curves[]
}
