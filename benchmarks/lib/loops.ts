import { spreadOf } from './statistics.js'
import { time } from './turns.js'

/** A step done so many times; a promise where it has to be waited for. */
export type Loop = (times: number) => unknown

/** How long to look, and at what. */
export interface Looking {
  readonly rounds: number
  readonly roundMs: number
  /** `cpu` for what waits for nothing: all threads of the process, and nothing of who else wants the core. Default: `wall`. */
  readonly clock?: 'wall' | 'cpu'
}

/** What the last step came to, so that no compiler leaves it out. */
const sink: { last: unknown } = { last: undefined }

export function repeat(step: () => unknown): Loop {
  return (times) => {
    for (let n = 0; n < times; n++) sink.last = step()
  }
}

export function oneByOne(step: () => Promise<unknown>): Loop {
  return async (times) => {
    for (let n = 0; n < times; n++) sink.last = await step()
  }
}

/**
 * Nanoseconds of a step, for each loop and round. The loops take turns, first one and then the other way round, so that what else the
 * machine does meets all of them; each round is as long as was asked for, once the code is warm.
 */
export async function inTurns(
  loops: readonly Loop[],
  { rounds, roundMs, clock = 'wall' }: Looking,
): Promise<number[][]> {
  const now = CLOCKS[clock]
  const took = async (loop: Loop, times: number): Promise<number> => {
    const before = now()
    await loop(times)
    return now() - before
  }
  const times: number[] = []
  const calibrate = async (loop: Loop): Promise<number> =>
    timesFor(roundMs * 1e6, (n) => took(loop, n))
  // The first time compiles; what it found is of slower code.
  for (const loop of loops) await calibrate(loop)
  for (const loop of loops) times.push(await calibrate(loop))
  const ns: number[][] = loops.map(() => [])
  const order = [...loops.keys()]
  for (let round = 0; round < rounds; round++) {
    for (const at of order) ns[at]!.push((await took(loops[at]!, times[at]!)) / times[at]!)
    order.reverse()
  }
  return ns
}

/** Times of steps that wait for nothing and take turns, as a person reads them: medians, by CPU time. */
export async function timesOfSteps(
  steps: readonly (() => unknown)[],
  looking: Pick<Looking, 'rounds' | 'roundMs'>,
): Promise<string[]> {
  const all = await inTurns(steps.map(repeat), { ...looking, clock: 'cpu' })
  return all.map((ns) => time(spreadOf(ns).median))
}

const CLOCKS = {
  wall: () => performance.now() * 1e6,
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) * 1e3
  },
} as const

async function timesFor(ns: number, took: (times: number) => Promise<number>): Promise<number> {
  for (let times = 1; ; times *= 2) {
    const one = await took(times)
    if (one >= ns) return Math.max(1, Math.round((times * ns) / one))
  }
}
