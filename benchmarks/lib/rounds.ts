import { execFileSync } from 'node:child_process'

/** One side of a comparison: does a fixed amount of work. */
export type Side = () => Promise<void>

/**
 * Lets two sides take turns and prints the median time of each, and the median of their ratios round by round: what
 * else the machine does then meets both.
 */
export async function compare(
  name: string,
  floor: Side,
  ours: Side,
  rounds: number,
): Promise<void> {
  const times: [number[], number[]] = [[], []]
  for (let round = -3; round < rounds; round++) {
    for (const turn of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const before = performance.now()
      await (turn === 0 ? floor : ours)()
      if (round >= 0) times[turn].push(performance.now() - before)
    }
  }
  const ratio = median(times[1].map((ms, n) => ms / times[0][n]!))
  const [floorMs, oursMs] = times.map((each) => median(each).toFixed(2).padStart(8))
  console.log(
    `${name.padEnd(28)} floor ${floorMs} ms   ours ${oursMs} ms   ratio ${ratio.toFixed(2)}`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/**
 * Puts these processes on one core. A caller and a server on two cores that wait for each other measure how long the
 * kernel takes to wake them. False where that is not possible.
 */
export function pinToOneCore(pids: readonly number[], core = 0): boolean {
  try {
    for (const pid of pids) {
      execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' })
    }
    return true
  } catch {
    return false
  }
}
