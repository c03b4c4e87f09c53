import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

let ticksPerSecond: number | undefined

/**
 * Seconds that processes and what they have started were busy so far, in the kernel too: /proc/[pid]/stat, fields 14 and 15
 * (proc(5)). Undefined where there is no /proc.
 */
export function cpuSeconds(pids: readonly number[]): number | undefined {
  try {
    ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
    const all = new Set(pids.flatMap(familyOf))
    return [...all].reduce((sum, pid) => sum + ticksOf(pid), 0) / ticksPerSecond
  } catch {
    return undefined
  }
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is a name in brackets, which may have anything in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** A process and what it has started; /proc/[pid]/task/[tid]/children. */
export function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .filter((child) => child !== '')
    .map(Number)
  return [pid, ...children.flatMap(familyOf)]
}
